//! One connected browser.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::auth::Caller;
use serde::Deserialize;
use serde_json::json;
use socketioxide::extract::{AckSender, SocketRef, TryData};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior, timeout};

use super::Hub;
use super::subscription::{Ask, Key, Subscription};

/// Between two batches of a topic: at most ten a second.
const BATCH: Duration = Duration::from_millis(100);
/// How often a socket's token is checked again.
const RECHECK: Duration = Duration::from_secs(3);
/// Between admitting a socket and its being connected.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Topics one socket may follow at once.
const MOST_TOPICS: usize = 16;

#[derive(Debug, Deserialize)]
pub(super) struct Auth {
    token: String,
}

/// What a socket says it wants.
enum Wish {
    Follow(Key, Subscription),
    Leave(Key),
}

/// Told when a socket that was admitted is connected.
#[derive(Clone, Default)]
struct Connected(Arc<Notify>);

/// Admits a socket whose token is good, and refuses any other. This runs before the browser hears that it is connected:
/// a subscription that comes with the very next packet must find its listener.
pub(super) async fn admit(hub: &Arc<Hub>, socket: SocketRef, auth: TryData<Auth>) -> Result<(), &'static str> {
    let good = auth.0.ok().and_then(|auth| Some((hub.verifier.verify(&auth.token).ok()?, auth.token)));
    let (caller, token) = good.ok_or("unauthorized")?;
    let (wishes, wished) = mpsc::channel::<Wish>(MOST_TOPICS);
    let (hub_of_handler, caller_of_handler, leaving) = (Arc::clone(hub), caller.clone(), wishes.clone());
    socket.on("subscribe", async move |TryData::<Ask>(ask), ack: AckSender| {
        let opened = match ask {
            Ok(ask) => {
                let key = ask.key();
                Subscription::open(&hub_of_handler, &caller_of_handler, ask).map(|opened| Wish::Follow(key, opened))
            }
            Err(_) => Err("invalid"),
        };
        let answer = match opened {
            Ok(wish) => {
                let _ = wishes.send(wish).await;
                json!({ "ok": true })
            }
            Err(code) => json!({ "ok": false, "code": code }),
        };
        let _ = ack.send(&answer);
    });
    socket.on("unsubscribe", async move |TryData::<Ask>(ask), ack: AckSender| {
        let known = ask.is_ok();
        if let Ok(ask) = ask {
            let _ = leaving.send(Wish::Leave(ask.key())).await;
        }
        let _ = ack.send(&json!({ "ok": known }));
    });
    let connected = Connected::default();
    socket.extensions.insert(connected.clone());
    let soft = hub.lifecycle.soft().clone();
    let hub = Arc::clone(hub);
    tokio::spawn(soft.run_until_cancelled_owned(async move {
        if timeout(HANDSHAKE, connected.0.notified()).await.is_ok() {
            serve(hub, socket, token, caller, wished).await;
        }
    }));
    Ok(())
}

/// The socket is connected: what it follows may be sent.
pub(super) async fn connected(socket: SocketRef) {
    if let Some(connected) = socket.extensions.get::<Connected>() {
        connected.0.notify_one();
    }
}

/// Sends what the socket follows until it, its token or the process ends.
async fn serve(hub: Arc<Hub>, socket: SocketRef, token: String, caller: Caller, mut wished: mpsc::Receiver<Wish>) {
    let mut following: BTreeMap<Key, Subscription> = BTreeMap::new();
    let mut batch = tokio::time::interval(BATCH);
    batch.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut recheck = tokio::time::interval(RECHECK);
    while socket.connected() {
        tokio::select! {
            wish = wished.recv() => match wish {
                Some(Wish::Follow(key, mut subscription)) => {
                    if following.len() < MOST_TOPICS || following.contains_key(&key) {
                        send(&socket, &mut subscription, &caller, Instant::now());
                        following.insert(key, subscription);
                    }
                }
                Some(Wish::Leave(key)) => drop(following.remove(&key)),
                None => break,
            },
            now = batch.tick(), if !following.is_empty() => {
                for subscription in following.values_mut() {
                    send(&socket, subscription, &caller, now);
                }
            }
            _ = recheck.tick() => if hub.verifier.verify(&token).is_err() {
                let _ = socket.emit("refused", &json!({ "code": "unauthorized", "message": "the token has ended" }));
                break;
            },
        }
    }
    let _ = socket.disconnect();
}

fn send(socket: &SocketRef, subscription: &mut Subscription, caller: &Caller, now: Instant) {
    if let Some(event) = subscription.next(caller, now)
        && let Err(error) = socket.emit("event", &event)
    {
        tracing::debug!(error = %error, "an event was not sent");
    }
}
