//! Paths that document 000 shares with document 001: on `/chats/{id}` the kind of token decides which is meant.

use http::Method;
use serde_json::{Value, json};
use tests::{Caller as _, Platform, Stack, User};

use super::{
    BAD_TOKEN, INVALID_CHAT, backend, is_no_chat, is_out, listing, look, new_chat, own, refresh,
    refused_with, seated, unauthenticated,
};

#[tokio::test]
async fn a_login_token_deletes_a_direct_chat_as_before() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "hello").await;
    let answer = bob.delete(&format!("/chats/{chat}")).await.expect(204);
    assert!(answer.body.is_empty());
    ada.get(&format!("/chats/{chat}")).await.refused(404);
    ada.delete(&format!("/chats/{chat}")).await.refused(404);
    ada.delete("/chats/x").await.refused(400);
    ada.delete("/chats/0").await.refused(400);
}

#[tokio::test]
async fn an_access_token_deletes_a_signed_chat() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let ada = platform.member("ada").await;
    let (chat, _) = new_chat(&platform, &[&ada]).await;
    ada.delete(&own(&chat)).await.expect(200);
    is_no_chat(&platform, &chat).await;
}

#[tokio::test]
async fn one_id_can_be_that_of_a_direct_chat_and_of_a_signed_one() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = User::pair(&stack).await;
    let member = platform.member("member").await;
    for access_token_first in [true, false] {
        let direct = ada.write(&bob, "hello").await;
        let signed = direct.to_string();
        platform.seat(&signed, &[&member]).await;
        assert_eq!(look(&member, &own(&signed)).await["chatID"], json!(signed));
        if access_token_first {
            member.delete(&own(&signed)).await.expect(200);
            is_no_chat(&platform, &signed).await;
            assert_eq!(bob.history(direct).await.len(), 1, "the direct chat stays");
            ada.delete(&own(&signed)).await.expect(204);
        } else {
            ada.delete(&own(&signed)).await.expect(204);
            bob.get(&own(&signed)).await.refused(404);
            assert_eq!(seated(&platform, &signed).await, [json!(member.id)], "the signed chat stays");
            member.delete(&own(&signed)).await.expect(200);
        }
    }
}

#[tokio::test]
async fn the_backend_deletes_a_signed_chat_and_no_direct_one() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = User::pair(&stack).await;
    let direct = ada.write(&bob, "hello").await;
    let answer = platform.delete(&backend(&direct.to_string())).await;
    assert_eq!(refused_with(&answer, 400, INVALID_CHAT).code, "chat_not_found");
    assert_eq!(bob.history(direct).await.len(), 1);
}

#[tokio::test]
async fn a_signed_chat_is_unknown_to_login_tokens() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let user = User::new(&stack).await;
    let member = platform.member("member").await;
    let (chat, _) = new_chat(&platform, &[&member]).await;
    user.delete(&own(&chat)).await.refused(400);
    user.get(&own(&chat)).await.refused(400);
    assert_eq!(user.get("/chats").await.expect(200).json(), json!([]));
    assert_eq!(seated(&platform, &chat).await, [json!(member.id)]);
}

#[tokio::test]
async fn a_direct_chat_is_unknown_to_access_tokens() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = User::pair(&stack).await;
    let member = platform.member("member").await;
    let chat = ada.write(&bob, "hello").await;
    let answer = member.delete(&format!("/chats/{chat}")).await;
    assert_eq!(refused_with(&answer, 400, INVALID_CHAT).code, "chat_not_found");
    let answer = member.get(&format!("/chats/{chat}/users")).await;
    assert_eq!(refused_with(&answer, 400, INVALID_CHAT).code, "chat_not_found");
    for path in [
        format!("/chats/{chat}"),
        format!("/chats/{}/{}", ada.id, bob.id),
        format!("/chats/users/{}/{}", ada.id, bob.id),
    ] {
        assert_eq!(member.get(&path).await.refused(401), "unauthenticated");
    }
    assert_eq!(bob.history(chat).await.len(), 1);
}

#[tokio::test]
async fn the_users_of_a_chat_are_for_access_tokens_alone() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = User::pair(&stack).await;
    let member = platform.member("member").await;
    let direct = ada.write(&bob, "hello").await;
    let (signed, _) = new_chat(&platform, &[&member]).await;
    for chat in [direct.to_string(), signed.clone()] {
        let users = format!("{}/users", own(&chat));
        for header in ["authentication", "authorization"] {
            for method in [Method::GET, Method::PUT, Method::DELETE] {
                let call = stack.anonymous().call(method.clone(), &users).header(header, &ada.token);
                let call = if method == Method::GET { call } else { call.json(&listing(&[&member])) };
                unauthenticated(&call.await, BAD_TOKEN);
            }
        }
    }
    is_no_chat(&platform, &direct.to_string()).await;
    assert_eq!(seated(&platform, &signed).await, [json!(member.id)]);
}

#[tokio::test]
async fn a_login_token_still_reads_by_the_ids_of_two_users() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    let chat = ada.write(&bob, "hello").await;
    let rows: Vec<Value> = bob.get(&format!("/chats/{}/{}", ada.id, bob.id)).await.expect(200).rows();
    assert_eq!(rows[0]["chat_id"], chat);
    bob.get(&format!("/chats/users/{}/{}", ada.id, bob.id)).await.expect(200);
}

#[tokio::test]
async fn without_a_good_token_of_either_kind_nothing_is_deleted() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = User::pair(&stack).await;
    let member = platform.member("member").await;
    let direct = ada.write(&bob, "hello").await;
    let chat = direct.to_string();
    platform.seat(&chat, &[&member]).await;

    let logged_out = ada.again(&stack).await;
    logged_out.get("/logout").await.expect(200);
    let ended = platform.member("ended").await;
    refresh(&stack.anonymous(), &ended.refresh).await.expect(201);
    unauthenticated(&refresh(&stack.anonymous(), &ended.refresh).await, BAD_TOKEN);
    is_out(&ended).await;

    let key = &stack.ready().backend_key;
    for token in ["", "x", "a.b.c", key, &member.refresh, &logged_out.token, &ended.access] {
        for value in [token.to_owned(), format!("Bearer {token}")] {
            let call = stack.anonymous().delete(&own(&chat)).header("authorization", &value);
            assert_eq!(super::refused(&call.await, 401).1.code, "unauthenticated", "{value}");
        }
    }
    let answer = stack.anonymous().delete(&own(&chat)).await;
    assert_eq!(super::refused(&answer, 401).1.code, "unauthenticated");
    // An access token is none of document 001's, nor does its header carry it.
    let answer = stack.anonymous().delete(&own(&chat)).header("authentication", &member.access).await;
    assert_eq!(super::refused(&answer, 401).1.code, "unauthenticated");
    assert_eq!(bob.history(direct).await.len(), 1);
    assert_eq!(seated(&platform, &chat).await, [json!(member.id)]);
}

#[tokio::test]
async fn both_headers_of_document_001_still_delete_direct_chats() {
    let stack = Stack::shared().await;
    let [ada, bob] = User::pair(&stack).await;
    for header in ["authentication", "authorization"] {
        for value in [ada.token.clone(), format!("Bearer {}", ada.token)] {
            let chat = ada.write(&bob, "hello").await;
            let call = stack.anonymous().delete(&format!("/chats/{chat}"));
            call.header(header, &value).await.expect(204);
        }
    }
}

#[tokio::test]
async fn signed_chats_may_have_numbers_for_ids() {
    let stack = Stack::shared().await;
    let platform = Platform::new(&stack);
    let [ada, bob] = [platform.member("ada").await, platform.member("bob").await];
    // Digits of a number that no other test draws; more than any number of document 001 has; zeros in front.
    let digits = uuid::Uuid::new_v4().as_u128().to_string();
    for chat in [digits[..15].to_owned(), digits.clone(), format!("0{digits}"), format!("-{}", &digits[..9])]
    {
        let guids = platform.seat(&chat, &[&ada, &bob]).await;
        let seen = look(&bob, &own(&chat)).await;
        assert_eq!((&seen["chatID"], &seen["ownerGUID"]), (&json!(chat), &json!(guids[0])));
        ada.send(&chat, "to a number", &chat).await;
        ada.delete(&format!("{}/users", own(&chat))).json(&listing(&[&bob])).await.expect(200);
        ada.delete(&own(&chat)).await.expect(200);
        is_no_chat(&platform, &chat).await;
    }
    assert_eq!(bob.incoming().await.messages.len(), 4);
}
