//! `/register`, `/login`, `/logout`, `/users`, and what all paths have in common about them.

mod login;
mod logout;
mod register;
mod register_token;
mod tokens;
mod unknown_paths;
mod users;
