//! Operations that are broken off: the process that carries one out is killed at each of its calls of the store in
//! turn, once before the store carries out the call and, where the call writes, once after; and the operation is asked
//! for again as a client would. What everybody sees then, and when they go on, must be what some order of whole
//! operations could have made, and so must what is seen where nobody asks again. At the end no row may be left that
//! nobody owns. On stacks of their own.
//!
//! The modules hold operations by what they are about, which is an `operation::Scene`. A new route that changes
//! something needs one, and nothing more; `routes` fails until it has one. What is done with an operation is in `stage`,
//! what is looked for among the rows in `orphans`.

mod accounts;
mod background;
mod conversations;
mod direct;
mod groups;
mod killer;
mod observation;
mod operation;
mod orphans;
mod platform_chats;
mod rooms;
mod routes;
mod signed;
mod sockets;
mod stage;
mod web_chats;
mod web_users;

use stage::Stage;
