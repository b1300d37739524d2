//! `/chat_rooms`: making rooms and finding them, and who is in them.

use crate::wire::{Around, ListedRoom, NearbyRoom, NewRoom, Participant, RoomRef};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::Result;
use chat::chats::Overview;
use chat::geo::Point;
use chat::http::{Body, Path, Query, Shared, User, Window, refusals};
use chat::ids::ChatId;
use chat::rooms::{self, Plan};
use chat::sessions::Bearer;

/// Makes a room at a place.
#[utoipa::path(
    post,
    path = "/chat_rooms",
    operation_id = "createRoom",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    request_body(content(
        (NewRoom = "application/json"),
        (NewRoom = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 201, description = "The new room", body = RoomRef),
        refusals::Invalid, refusals::Unauthenticated, refusals::UnsupportedMediaType, refusals::Anywhere,
    ),
)]
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

/// The rooms that the caller takes part in, the one with the newest message first.
#[utoipa::path(
    get,
    path = "/chat_rooms",
    operation_id = "listRooms",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(Window),
    responses(
        (status = 200, description = "The rooms", body = Vec<ListedRoom>),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
pub(crate) async fn list(
    state: State<Shared>,
    caller: Bearer,
    window: Query<Window>,
) -> Result<Json<Vec<ListedRoom>>> {
    list_where(state, caller, window, |_| true).await
}

/// The rooms with something that the caller has not read.
#[utoipa::path(
    get,
    path = "/chat_rooms/message/unread",
    operation_id = "listUnreadRooms",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(Window),
    responses(
        (status = 200, description = "The rooms, that with the newest message first", body = Vec<ListedRoom>),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
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

/// The rooms around a place, the nearest first.
#[utoipa::path(
    get,
    path = "/chat_rooms/nearby",
    operation_id = "listNearby",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(Around, Window),
    responses(
        (status = 200, description = "The rooms", body = Vec<NearbyRoom>),
        refusals::Invalid, refusals::Unauthenticated, refusals::Anywhere,
    ),
)]
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

/// The participants of a room.
#[utoipa::path(
    get,
    path = "/chat_rooms/{chat_room_id}/users",
    operation_id = "listRoomUsers",
    tag = "direct",
    security(("login_header" = []), ("login_bearer" = [])),
    params(("chat_room_id" = ChatId, Path, description = "The room"), Window),
    responses(
        (status = 200, description = "The participants", body = Vec<Participant>),
        refusals::Invalid, refusals::Unauthenticated, refusals::Forbidden, refusals::NotFound,
        refusals::Anywhere,
    ),
)]
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
