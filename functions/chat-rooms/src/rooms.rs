//! `/chat_rooms`: making rooms and finding them, and who is in them.

use crate::wire::{Around, ListedRoom, NearbyRoom, NewRoom, Participant, RoomRef};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::Result;
use chat::chats::Overview;
use chat::geo::Point;
use chat::http::{Body, Path, Query, Shared, User, Window};
use chat::ids::ChatId;
use chat::rooms::{self, Plan};
use chat::sessions::Bearer;

pub(crate) async fn create(
    State(backend): State<Shared>,
    User(user): User,
    Body(body): Body<NewRoom>,
) -> Result<(StatusCode, Json<RoomRef>)> {
    let place = Point::new(body.latitude, body.longitude)?;
    let plan = Plan { title: body.title, place, capacity: body.capacity };
    let chat_room_id = rooms::create(&backend, user, plan).await?;
    Ok((StatusCode::CREATED, Json(RoomRef { chat_room_id })))
}

pub(crate) async fn list(
    state: State<Shared>,
    caller: Bearer,
    window: Query<Window>,
) -> Result<Json<Vec<ListedRoom>>> {
    list_where(state, caller, window, |_| true).await
}

pub(crate) async fn list_unread(
    state: State<Shared>,
    caller: Bearer,
    window: Query<Window>,
) -> Result<Json<Vec<ListedRoom>>> {
    list_where(state, caller, window, |room| room.unread > 0).await
}

async fn list_where(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(window): Query<Window>,
    shown: impl Fn(&Overview) -> bool,
) -> Result<Json<Vec<ListedRoom>>> {
    let listing = rooms::mine(&backend, caller.into(), window.of_list()?, shown).await?;
    Ok(Json(listing.chats.into_iter().filter_map(|room| ListedRoom::new(room, &listing.people)).collect()))
}

pub(crate) async fn list_nearby(
    State(backend): State<Shared>,
    caller: Bearer,
    Query(around): Query<Around>,
) -> Result<Json<Vec<NearbyRoom>>> {
    let window = around.window.of_list()?;
    let centre = Point::new(around.latitude, around.longitude)?;
    let nearby = rooms::nearby(&backend, caller.into(), centre, around.radius_m, window).await?;
    Ok(Json(nearby.into_iter().map(Into::into).collect()))
}

pub(crate) async fn list_users(
    State(backend): State<Shared>,
    caller: Bearer,
    Path(chat_room_id): Path<ChatId>,
    Query(window): Query<Window>,
) -> Result<Json<Vec<Participant>>> {
    let window = window.of_list()?;
    let users = rooms::users(&backend, caller.into(), chat_room_id).await?;
    let rows = users.into_iter().skip(window.start).take(window.len());
    Ok(Json(rows.map(|(user, since)| Participant::new(chat_room_id, user, since)).collect()))
}
