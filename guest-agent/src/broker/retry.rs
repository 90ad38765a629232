//! Trying again: what may be answered otherwise later, and after how long. A pod starts before its network does.

use std::time::Duration;

use rand_core::CryptoRng;
use ureq::Error as Transport;

use super::error::BrokerError;
use super::http::HttpError;

/// How long to wait before another try: twice as long each time, at random between a half and the whole of it, so that
/// guests that lost a broker at the same moment do not all come back at the same moment.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// The wait before the next try, at least what the broker asked for.
    pub(super) fn delay(&mut self, asked: Duration, rng: &mut impl CryptoRng) -> Duration {
        let whole = self.next;
        self.next = whole.saturating_mul(2).min(LONGEST);
        let half = whole / 2;
        let part = f64::from(rng.next_u32()) / f64::from(u32::MAX);
        asked.min(LONGEST_ASKED).saturating_add(half).saturating_add(half.mul_f64(part))
    }
}

/// How long the broker wants to be left alone, where another try may be answered otherwise; none where it will not.
pub(super) fn may_pass(error: &BrokerError) -> Option<Duration> {
    match error {
        BrokerError::Network { source: HttpError::Network(source), .. } => {
            is_passing(source).then_some(Duration::ZERO)
        }
        BrokerError::Failed(answered) => {
            let passing = matches!(answered.status, 408 | 425 | 429 | 500 | 502 | 503 | 504);
            passing.then(|| Duration::from_secs(answered.retry_after.unwrap_or(0).into()))
        }
        _ => None,
    }
}

/// No connection yet, or one that broke. A certificate that does not hold and an answer that is no HTTP stay what they are.
fn is_passing(error: &Transport) -> bool {
    match error {
        Transport::Io(error) => error.get_ref().is_none_or(|inner| !inner.is::<rustls::Error>()),
        Transport::Timeout(_) | Transport::HostNotFound | Transport::ConnectionFailed => true,
        _ => false,
    }
}

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);
/// No broker may send a guest away for good.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::super::error::Step;
    use super::*;
    use crate::system::system_rng;

    #[test]
    fn waits_double_up_to_a_limit_and_lie_between_a_half_and_the_whole() {
        let mut backoff = Backoff::new();
        for whole in [100, 200, 400, 800, 1600, 3200, 5000, 5000] {
            let delay = backoff.delay(Duration::ZERO, &mut system_rng());
            let whole = Duration::from_millis(whole);
            assert!(whole / 2 <= delay && delay <= whole, "{delay:?} of {whole:?}");
        }
    }

    #[test]
    fn a_broker_is_left_alone_as_long_as_it_asks_and_no_longer_than_a_minute() {
        let delay = |asked| Backoff::new().delay(Duration::from_secs(asked), &mut system_rng());
        assert!(delay(7) >= Duration::from_secs(7) && delay(7) < Duration::from_secs(8));
        assert!(delay(u64::MAX) < Duration::from_secs(61));
    }

    #[test]
    fn a_certificate_that_does_not_hold_and_an_answer_that_is_no_http_do_not_pass() {
        let network = |source: Transport| {
            let source = HttpError::Network(Box::new(source));
            may_pass(&BrokerError::Network { step: Step::Auth, source })
        };
        let certificate = || rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let refused = std::io::ErrorKind::ConnectionRefused;
        for (source, passes) in [
            (Transport::Rustls(certificate()), false),
            (Transport::Io(std::io::Error::other(certificate())), false),
            (Transport::BadUri("x".to_owned()), false),
            (Transport::Io(refused.into()), true),
            (Transport::Io(std::io::Error::other("anything else")), true),
            (Transport::HostNotFound, true),
            (Transport::ConnectionFailed, true),
        ] {
            let said = format!("{source:?}");
            assert_eq!(network(source), passes.then_some(Duration::ZERO), "{said}");
        }
        for source in [HttpError::TooLarge { limit: 1 }, HttpError::WithoutTls { url: String::new() }] {
            assert_eq!(may_pass(&BrokerError::Network { step: Step::Auth, source }), None);
        }
    }

    #[test]
    fn two_guests_do_not_come_back_together() {
        let delay = || Backoff::new().delay(Duration::ZERO, &mut system_rng());
        assert_ne!([delay(), delay(), delay()], [delay(), delay(), delay()]);
    }
}
