//! Live events: Socket.IO, namespace `/live`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::auth::Verifier;
use kernel::clock::Clock;
use kernel::lifecycle::Lifecycle;
use kernel::live::Live;
use socketioxide::handler::ConnectHandler as _;
use socketioxide::service::SocketIoService;
use socketioxide::{SocketIo, TransportType};

mod board;
mod feeds;
mod figures;
mod socket;
mod subscription;

pub use board::{Board, Change, Item};
pub use figures::{Figure, Figures, Group, Told};

/// Everything the hub needs.
pub struct Deps {
    /// Where transfers and presence come from.
    pub live: Arc<dyn Live>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The orchestrator's control socket: where the services' state comes from.
    pub control: PathBuf,
    /// Who may connect.
    pub verifier: Arc<Verifier>,
    /// When it ends.
    pub lifecycle: Lifecycle,
}

/// The hub of live events of one portal replica.
pub struct Hub {
    verifier: Arc<Verifier>,
    services: Arc<Board>,
    transfers: Arc<Board>,
    presence: Arc<Board>,
    rooms: Arc<Board>,
    backups: Arc<Board>,
    grades: Arc<Figures>,
    lifecycle: Lifecycle,
}

impl Hub {
    /// Starts the feeds; they rest while nobody watches.
    #[must_use]
    pub fn start(deps: Deps) -> Arc<Self> {
        let hub = Arc::new(Self {
            verifier: deps.verifier,
            services: Arc::default(),
            transfers: Arc::default(),
            presence: Arc::default(),
            rooms: Arc::default(),
            backups: Arc::default(),
            grades: Arc::default(),
            lifecycle: deps.lifecycle.clone(),
        });
        let life = &deps.lifecycle;
        let soft = || life.soft().clone();
        life.spawn(soft().run_until_cancelled_owned(feeds::services(deps.control, Arc::clone(&hub.services))));
        let feeds = [
            (feeds::Topic::Transfers, &hub.transfers),
            (feeds::Topic::Presence, &hub.presence),
            (feeds::Topic::Rooms, &hub.rooms),
            (feeds::Topic::Backups, &hub.backups),
        ];
        for (topic, board) in feeds {
            let feed = feeds::live(topic, Arc::clone(&deps.live), Arc::clone(&deps.clock), Arc::clone(board));
            life.spawn(soft().run_until_cancelled_owned(feed));
        }
        let grades = feeds::grades(Arc::clone(&deps.live), Arc::clone(&hub.grades));
        life.spawn(soft().run_until_cancelled_owned(grades));
        hub
    }

    /// A service that answers `/socket.io/` and leaves every other path to `inner`.
    pub fn service<S: Clone>(self: &Arc<Self>, inner: S) -> SocketIoService<S> {
        // WebSocket only: no replica is sticky, and polling would need one.
        let (service, io) = SocketIo::builder()
            .transports([TransportType::Websocket])
            .connect_timeout(Duration::from_secs(5))
            .max_payload(64 << 10)
            .ws_max_message_size(64 << 10)
            .max_buffer_size(256)
            .build_with_inner_svc(inner);
        let hub = Arc::clone(self);
        let admit = async move |socket, auth| socket::admit(&hub, socket, auth).await;
        io.ns("/live", socket::connected.with(admit));
        service
    }
}
