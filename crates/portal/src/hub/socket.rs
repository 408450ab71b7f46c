//! One connected browser.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::auth::{Caller, UserRole};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socketioxide::extract::{AckSender, SocketRef, TryData};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;

use super::Hub;
use super::board::{Board, Item};

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

#[derive(Debug, Deserialize)]
struct Subscribe {
    topic: String,
    #[serde(default)]
    params: Value,
}

#[derive(Serialize)]
struct Event<'a> {
    topic: &'a str,
    params: &'a Value,
    seq: u64,
    data: Value,
}

struct Subscription {
    params: Value,
    board: Arc<Board>,
    version: u64,
    seq: u64,
    /// The topic is one value, not a list.
    single: bool,
}

/// Told when a socket that was admitted is connected.
#[derive(Clone, Default)]
struct Connected(Arc<Notify>);

/// Admits a socket whose token is good, and refuses any other. This runs before the browser hears that it is connected:
/// a subscription that comes with the very next packet must find its listener.
pub(super) async fn admit(hub: &Arc<Hub>, socket: SocketRef, auth: TryData<Auth>) -> Result<(), &'static str> {
    let good = auth.0.ok().and_then(|auth| Some((hub.verifier.verify(&auth.token).ok()?, auth.token)));
    let (caller, token) = good.ok_or("unauthorized")?;
    let (asks, asked) = mpsc::channel::<(String, Subscription)>(MOST_TOPICS);
    let (hub_of_handler, caller_of_handler) = (Arc::clone(hub), caller.clone());
    socket.on("subscribe", async move |TryData::<Subscribe>(asked), ack: AckSender| {
        let answer = match asked {
            Ok(asked) => match subscription(&hub_of_handler, &caller_of_handler, &asked) {
                Ok(subscription) => {
                    let _ = asks.send((asked.topic, subscription)).await;
                    json!({ "ok": true })
                }
                Err(code) => json!({ "ok": false, "code": code }),
            },
            Err(_) => json!({ "ok": false, "code": "invalid" }),
        };
        let _ = ack.send(&answer);
    });
    let connected = Connected::default();
    socket.extensions.insert(connected.clone());
    let soft = hub.lifecycle.soft().clone();
    let hub = Arc::clone(hub);
    tokio::spawn(soft.run_until_cancelled_owned(async move {
        if timeout(HANDSHAKE, connected.0.notified()).await.is_ok() {
            serve(hub, socket, token, caller, asked).await;
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

fn subscription(hub: &Hub, caller: &Caller, asked: &Subscribe) -> Result<Subscription, &'static str> {
    let staff = matches!(caller.role, UserRole::Admin | UserRole::Staff);
    let (board, single) = match asked.topic.as_str() {
        "services" if staff => (&hub.services, true),
        "rooms" if staff => (&hub.rooms, true),
        "services" | "rooms" => return Err("forbidden"),
        "transfers" => (&hub.transfers, false),
        "presence" => (&hub.presence, false),
        _ => return Err("unknown_topic"),
    };
    Ok(Subscription { params: asked.params.clone(), board: Arc::clone(board), version: 0, seq: 0, single })
}

/// Sends what the socket follows until it, its token or the process ends.
async fn serve(
    hub: Arc<Hub>,
    socket: SocketRef,
    token: String,
    caller: Caller,
    mut asked: mpsc::Receiver<(String, Subscription)>,
) {
    let mut following: BTreeMap<String, (Subscription, watch::Receiver<u64>)> = BTreeMap::new();
    let mut batch = tokio::time::interval(BATCH);
    let mut recheck = tokio::time::interval(RECHECK);
    while socket.connected() {
        tokio::select! {
            new = asked.recv() => match new {
                Some((topic, mut subscription)) if following.len() < MOST_TOPICS || following.contains_key(&topic) => {
                    let watch = subscription.board.watch();
                    send(&socket, &topic, &mut subscription, &caller);
                    following.insert(topic, (subscription, watch));
                }
                Some(_) => {}
                None => break,
            },
            _ = batch.tick(), if !following.is_empty() => {
                for (topic, (subscription, watch)) in &mut following {
                    if watch.has_changed().unwrap_or(false) {
                        watch.mark_unchanged();
                        send(&socket, topic, subscription, &caller);
                    }
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

fn send(socket: &SocketRef, topic: &str, subscription: &mut Subscription, caller: &Caller) {
    let me = caller.user.to_string();
    let all = caller.role == UserRole::Admin;
    let may_see = |item: &Item| all || item.owner.as_ref().is_none_or(|owner| *owner == me);
    let first = subscription.seq == 0;
    let mut change = subscription.board.changed(subscription.version, may_see);
    subscription.version = change.version;
    let data = if subscription.single {
        match change.items.pop() {
            Some(value) => value,
            None => return,
        }
    } else if change.whole || first {
        json!({ "items": change.items })
    } else if change.items.is_empty() {
        return;
    } else {
        json!({ "changed": change.items })
    };
    subscription.seq += 1;
    let event = Event { topic, params: &subscription.params, seq: subscription.seq, data };
    if let Err(error) = socket.emit("event", &event) {
        tracing::debug!(error = %error, topic, "an event was not sent");
    }
}
