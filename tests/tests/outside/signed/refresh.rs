//! `PUT /token`: a refresh token works once.

use futures::future::join;
use serde_json::json;
use tests::{Caller as _, Platform, Stack, User};

use super::{
    BAD_TOKEN, INVALID_PARAMETERS, is_in, is_out, refresh, refused_with, unauthenticated, unsupported,
    with_tokens,
};
use crate::common::fields;

#[tokio::test]
async fn it_gives_a_new_pair_and_the_old_access_token_works_on() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let mut socket = ada.socket().await;
    let tokens = refresh(&stack.anonymous(), &ada.refresh).await.expect(201).json();
    assert_eq!(fields(&tokens), ["accessToken", "refreshToken"]);
    let again = with_tokens(&ada, &tokens);
    assert_ne!(again.refresh, ada.refresh);
    is_in(&again).await;
    is_in(&ada).await;
    socket.so_far().await;
    again.socket().await.so_far().await;
}

#[tokio::test]
async fn the_user_and_its_key_stay_the_same() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    let (chat, _) = super::new_chat(&platform, &[&ada, &bob]).await;
    let ada = with_tokens(&ada, &refresh(&stack.anonymous(), &ada.refresh).await.expect(201).json());
    ada.send(&chat, "signed by the same key", "1").await;
    assert_eq!(bob.incoming().await.messages.len(), 1);
}

#[tokio::test]
async fn each_new_one_can_be_used_in_turn() {
    let stack = Stack::shared().await;
    let mut ada = Platform::new(&stack).member("ada").await;
    for _ in 0..5 {
        ada = with_tokens(&ada, &refresh(&stack.anonymous(), &ada.refresh).await.expect(201).json());
        is_in(&ada).await;
    }
}

#[tokio::test]
async fn using_one_twice_ends_all_that_came_of_it_and_closes_the_sockets() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let first = platform.member("ada").await;
    let bystander = platform.member("bob").await;
    let second = with_tokens(&first, &refresh(&stack.anonymous(), &first.refresh).await.expect(201).json());
    let third = with_tokens(&first, &refresh(&stack.anonymous(), &second.refresh).await.expect(201).json());
    let mut sockets = [first.socket().await, third.socket().await];
    unauthenticated(&refresh(&stack.anonymous(), &first.refresh).await, BAD_TOKEN);
    for member in [&first, &second, &third] {
        is_out(member).await;
        unauthenticated(&refresh(&stack.anonymous(), &member.refresh).await, BAD_TOKEN);
    }
    for socket in &mut sockets {
        socket.closed().await;
    }
    is_in(&bystander).await;
}

#[tokio::test]
async fn an_ended_family_does_not_keep_the_backend_from_giving_new_tokens() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let old = platform.member("ada").await;
    refresh(&stack.anonymous(), &old.refresh).await.expect(201);
    unauthenticated(&refresh(&stack.anonymous(), &old.refresh).await, BAD_TOKEN);
    let new = platform.issue(&old.id, "a").await;
    is_in(&new).await;
    // What is left of the old family does nothing to the new one.
    unauthenticated(&refresh(&stack.anonymous(), &old.refresh).await, BAD_TOKEN);
    is_out(&old).await;
    is_in(&new).await;
    refresh(&stack.anonymous(), &new.refresh).await.expect(201);
}

#[tokio::test]
async fn of_two_uses_at_once_one_counts_and_ends_as_a_second_use_does() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let anonymous = stack.anonymous();
    let (one, other) = join(refresh(&anonymous, &ada.refresh), refresh(&anonymous, &ada.refresh)).await;
    let (good, bad) = if one.status == 201 { (one, other) } else { (other, one) };
    let new = with_tokens(&ada, &good.expect(201).json());
    unauthenticated(&bad, BAD_TOKEN);
    is_out(&new).await;
    is_out(&ada).await;
    unauthenticated(&refresh(&anonymous, &new.refresh).await, BAD_TOKEN);
}

#[tokio::test]
async fn nothing_else_is_a_refresh_token() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let user = User::new(&stack).await;
    let cut = &ada.refresh[..ada.refresh.len() - 8];
    let backwards: String = ada.refresh.chars().rev().collect();
    let longer = format!("{}x", ada.refresh);
    let bearer = format!("Bearer {}", ada.refresh);
    let key = &stack.ready().backend_key;
    for wrong in [&ada.access, &user.token, key, cut, &backwards, &longer, &bearer, "x", "a.b.c", "..", "é"]
    {
        unauthenticated(&refresh(&stack.anonymous(), wrong).await, BAD_TOKEN);
    }
    // None of it was the user's own mistake with its refresh token.
    is_in(&ada).await;
    refresh(&stack.anonymous(), &ada.refresh).await.expect(201);
}

#[tokio::test]
async fn the_credential_is_in_the_body_alone() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    unauthenticated(&refresh(&platform, "x").await, BAD_TOKEN);
    unauthenticated(&refresh(&ada, "x").await, BAD_TOKEN);
    let bearer = format!("Bearer {}", ada.refresh);
    let call = stack.anonymous().put("/token").header("authorization", &bearer);
    refused_with(&call.json(&json!({})).await, 400, INVALID_PARAMETERS);
    refresh(&stack.anonymous(), &ada.refresh).await.expect(201);
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    let form = [("refreshToken", ada.refresh.as_str())];
    let tokens = stack.anonymous().put("/token").form(&form).await.expect(201).json();
    is_in(&with_tokens(&ada, &tokens)).await;
    unauthenticated(&stack.anonymous().put("/token").form(&[("refreshToken", "x")]).await, BAD_TOKEN);
}

#[tokio::test]
async fn malformed_bodies_are_400_and_other_content_types_415() {
    let stack = Stack::shared().await;
    let ada = Platform::new(&stack).member("ada").await;
    for body in ["", "{", "[]", "null", "{}", r#"{"refreshToken":7}"#, r#"{"refreshToken":["x"]}"#] {
        let answer = stack.anonymous().put("/token").body("application/json", body).await;
        refused_with(&answer, 400, INVALID_PARAMETERS);
    }
    let body = json!({"refreshToken": ada.refresh}).to_string();
    unsupported(&stack.anonymous().put("/token").body("text/plain", body).await);
    refresh(&stack.anonymous(), &ada.refresh).await.expect(201);
}
