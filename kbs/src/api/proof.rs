//! What a guest shows is held to be good before it may wait for its turn: a session is opened, a token costs the
//! verification of one signature, and whoever shows what does not hold, or nothing, is a stranger.

use std::net::IpAddr;

use actix_web::web::{self, Data};
use verifier::time::UnixTime;

use super::problem::Problem;
use crate::broker::Broker;
use crate::gate::Patience;
use crate::session::Challenge;
use crate::shown::{self, Credentials, ShownError};

/// Whether the session opens or the token holds. What comes of it is decided later, with the instant of the decision.
pub(super) async fn prove(
    broker: &Data<Broker>,
    shown: &Credentials,
    source: Option<IpAddr>,
    patience: &mut Patience,
    now: UnixTime,
) -> Result<Result<(), ShownError>, Problem> {
    let open = |cookie: &String| Challenge::from_cookie(cookie, &broker.challenge_keys, now).is_ok();
    if shown.cookie.as_ref().is_some_and(open) {
        return Ok(Ok(()));
    }
    let proved = if shown.bearer.is_none() {
        // It finds nothing, and says what was missing.
        shown::find(broker, shown, now).map(drop)
    } else {
        let slot = broker.gate.token_lane(source).enter(patience).await?;
        let (worker, shown) = (broker.clone(), shown.clone());
        let work = web::block(move || {
            let _held = slot;
            let epoch = worker.store.settings()?.epoch();
            let text = shown::find(&worker, &shown, now)?;
            shown::verify(&worker, &text, epoch, now).map(drop)
        });
        work.await.map_err(|_| Problem::Stopped)?
    };
    // A store that fails is nobody's fault out there.
    if let Err(ShownError::Session(_) | ShownError::Token(_)) = proved {
        broker.gate.throttle.admit(source)?;
    }
    Ok(proved)
}
