//! `GET /api/v1/rooms/inventory`

#![expect(unused_qualifications, reason = "in what utoipa generates for a query")]

use std::collections::HashMap;
use std::sync::Arc;

use api::auth::Caller;
use api::{Json, Problem, Query};
use axum::extract::State;
use kernel::id::Id;
use serde::{Deserialize, Serialize};
use store::Sql;
use utoipa::{IntoParams, ToSchema};

use crate::error::RoomsError;
use crate::model::{Equipment, Invalid, Inventory, Kind, Record, RoomName, State as RequestState, is_semester};
use crate::store::requests;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Of {
    /// Which semester, such as 2025-10.
    semester: String,
}

/// The rooms of a semester and who has them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InventoryView {
    semester: String,
    /// How many of all are free.
    free_classrooms: usize,
    free_labs: usize,
    /// Requests that wait for rooms.
    waiting: usize,
    rooms: Vec<RoomView>,
}

/// One room.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoomView {
    #[schema(value_type = String)]
    name: RoomName,
    kind: Kind,
    building: &'static str,
    capacity: u32,
    equipment: Vec<Equipment>,
    /// Who has it; `null` while it is free.
    #[schema(required)]
    holder: Option<Holder>,
}

/// Who has a room.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Holder {
    #[schema(value_type = String)]
    request: Id,
    faculty: String,
    program: String,
    /// It is reserved until its proposal is answered, not assigned yet.
    reserved: bool,
    /// It is a classroom adapted as a laboratory.
    mobile: bool,
}

/// Every room of a semester, and who has it.
#[utoipa::path(
    get, path = "/api/v1/rooms/inventory", tag = "rooms", params(Of),
    responses((status = 200, body = InventoryView)),
    security(("token" = [])),
)]
pub(super) async fn get_inventory(
    State(sql): State<Sql>,
    State(inventory): State<Arc<Inventory>>,
    caller: Caller,
    Query(of): Query<Of>,
) -> Result<Json<InventoryView>, Problem> {
    caller.need_scope("rooms:read")?;
    if !is_semester(&of.semester) {
        let fault = Invalid::new("semester", "a year and 10, 20 or 30 are expected, such as 2025-10");
        return Err(RoomsError::from(fault).into());
    }
    let live = requests::live(sql.reader(), [&*of.semester]).await.map_err(RoomsError::from)?;
    let waiting = live.iter().filter(|record| record.state == RequestState::Waiting).count();
    let mut holders = holders(&live);
    let rooms: Vec<RoomView> = inventory
        .rooms()
        .iter()
        .map(|room| RoomView {
            name: room.name.clone(),
            kind: room.kind,
            building: room.building,
            capacity: room.capacity,
            equipment: room.equipment(),
            holder: holders.remove(&*room.name),
        })
        .collect();
    let free = |kind: Kind| rooms.iter().filter(|room| room.kind == kind && room.holder.is_none()).count();
    let (free_classrooms, free_labs) = (free(Kind::Classroom), free(Kind::Lab));
    Ok(Json(InventoryView { semester: of.semester, free_classrooms, free_labs, waiting, rooms }))
}

fn holders(live: &[Record]) -> HashMap<&str, Holder> {
    let mut holders = HashMap::new();
    for record in live.iter().filter(|record| record.state.occupies()) {
        let rooms = &record.allocation;
        let fixed = rooms.classrooms.iter().chain(&*rooms.labs).map(|name| (name, false));
        for (name, mobile) in fixed.chain(rooms.mobile_labs.iter().map(|name| (name, true))) {
            let holder = Holder {
                request: record.id,
                faculty: record.faculty.to_string(),
                program: record.program.to_string(),
                reserved: record.state == RequestState::Proposed,
                mobile,
            };
            holders.insert(&**name, holder);
        }
    }
    holders
}
