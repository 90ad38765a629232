//! How long one request may wait, for all that it waits for together.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Busy;

/// What is left of a request's time to wait. Time in which it works, or sends its body, does not count.
#[derive(Debug)]
pub(crate) struct Patience {
    most: Duration,
    left: Duration,
}

impl Patience {
    /// A request that has not waited yet.
    pub(crate) fn new(most: Duration) -> Self {
        Self { most, left: most }
    }

    /// Waits for this, unless its patience ends before.
    pub(crate) async fn wait<F: Future>(&mut self, what: F) -> Result<F::Output, Busy> {
        let began = Instant::now();
        let done = timeout(self.left, what).await;
        self.left = self.left.saturating_sub(began.elapsed());
        done.map_err(|_| Busy::Waited(self.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_waits_of_a_request_share_one_bound() {
        let most = Duration::from_millis(20);
        let mut patience = Patience::new(most);
        assert_eq!(patience.wait(tokio::time::sleep(Duration::from_millis(1))).await, Ok(()));
        assert!(patience.left < most);
        assert_eq!(patience.wait(std::future::pending::<()>()).await, Err(Busy::Waited(most)));
        assert_eq!(patience.left, Duration::ZERO);
        // What is there at once needs no patience.
        assert_eq!(patience.wait(std::future::ready(1)).await, Ok(1));
        assert_eq!(patience.wait(std::future::pending::<()>()).await, Err(Busy::Waited(most)));
    }
}
