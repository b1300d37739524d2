"""What cases use up, and what they need so that they are not refused for what no schema can say."""

import json
import random
from collections.abc import Callable
from typing import Any

from costume import Costume
from world import PASSWORD, millis


def log_out(it: Costume) -> None:
    it.me = it.world.login(it.world.visitor) if it.sometimes() else it.world.visitor


def log_out_of_web(it: Costume) -> None:
    it.me = it.world.login_web_user(it.world.web_visitor) if it.sometimes() else it.world.web_visitor


def delete_user(it: Costume) -> None:
    if it.sometimes():
        it.me = it.world.create_web_user()
        it.set_path("user_id", it.me.id)
    else:
        it.me = it.world.ghost


def change_user(it: Costume) -> None:
    it.me = it.world.changeling
    it.set_path("user_id", it.me.id)
    if it.sometimes():
        it.set_body(name=it.world.unique("Eve"))


def confirm(it: Costume) -> None:
    if it.sometimes():
        it.set_path("token", it.world.letter())


def register(it: Costume) -> None:
    """Somebody whom nobody has seen, under an address that takes mail."""
    if it.die.random() < 0.7:
        name = it.world.unique("Eve")
        more = {} if it.route == "POST /register" else {"name": name}
        it.set_body(email=f"{name.lower()}@example.com", **more)


def mark_read(it: Costume) -> None:
    """One of three ids is wanted."""
    name, ids = it.die.choice(
        [("chat_id", it.world.chats), ("chat_room_id", it.world.rooms), ("chat_group_id", it.world.groups)]
    )
    if isinstance(it.case.body, dict) and it.die.random() < 0.8:
        it.keep_body(name)
        it.set_body(**{name: it.die.choice(ids)})


def rename_group(it: Costume) -> None:
    if it.die.random() < 0.8:
        it.keep_body("chat_group_name")


def rename_some_group(it: Costume) -> None:
    """The caller is in none, unless it is named."""
    if it.die.random() < 0.5:
        it.set_body(chat_group_id=it.die.choice(it.world.groups))


def log_in(it: Costume) -> None:
    person = it.world.visitor if it.route == "POST /login" else it.world.web_visitor
    password = PASSWORD if it.die.random() < 0.5 else "wrong horse battery"
    if it.route == "POST /api/login":
        it.set_body(name=person.name, password=password)
    elif isinstance(it.case.body, dict) and "email" in it.case.body:
        it.set_body(email=person.email, password=password)
    else:
        it.set_body(user_name=person.name, password=password)


def delete_direct_chat(it: Costume) -> None:
    it.me = it.world.leaver
    # Whoever deletes by the other path does not take this one's chat away.
    other = it.world.visitor if it.case.operation.path.startswith("/chats_v2") else it.world.live[0]
    it.set_path("chat_id", it.world.write(it.me, other))


def fetch_mailbox(it: Costume) -> None:
    if it.die.random() < 0.3:
        ann, bob, _ = it.world.live
        it.world.write(ann, bob)


def use_platform_chat(it: Costume) -> None:
    chat = it.world.seat(it.world.members[:3])
    it.set_path("chat_id", chat)
    if it.die.random() < 0.4:
        it.set_body(GUIDs=it.world.guids(chat)[1:2])


def use_direct_or_platform_chat(it: Costume) -> None:
    if it.me in it.world.members:
        it.me = it.world.members[0]
        it.set_path("chat_id", it.world.seat(it.world.members[:3]))
    else:
        delete_direct_chat(it)


def leave_web_chat(it: Costume) -> None:
    it.me = it.die.choice(it.world.web[:2])
    it.set_query(chat_id=it.world.create_web_chat(it.world.web[0]))


def delete_web_message(it: Costume) -> None:
    chat = it.die.choice(it.world.web_chats)
    it.me = it.world.web[1]
    it.set_path("chat_id", chat)
    it.set_query(id=it.world.say(it.me, chat))


def delete_message(it: Costume) -> None:
    conversation = it.die.choice(it.world.conversations)
    it.set_path("id", conversation)
    it.set_path("message_id", it.world.post(it.world.topical[0], conversation))


def refresh(it: Costume) -> None:
    if it.die.random() < 0.7:
        it.set_body(refreshToken=it.world.admit(1)[0].refresh_token)


def issue(it: Costume) -> None:
    """Nobody who is needed gets other tokens: ids are as generated, keys are good ones."""
    key = it.world.public_key(it.die.choice(["a", "b", "c", "large", "largest"]))
    body = it.case.body
    if isinstance(body, dict) and isinstance(body.get("users"), list):
        it.set_body(
            users=[user | {"userKey": key} if isinstance(user, dict) else user for user in body["users"]]
        )
    else:
        it.set_body(userKey=key)


def sign_block(it: Costume) -> None:
    """Makes a block true: its time, its chats and recipients, and its signature."""
    body = it.case.body
    if not isinstance(body, dict) or not isinstance(body.get("outgoingEvents"), dict):
        return
    world, die = it.world, it.die
    events = dict(body["outgoingEvents"])
    if die.random() < 0.9:
        events["timestamp"] = millis()
    if isinstance(events.get("messages"), list) and die.random() < 0.9:
        chat = world.platform_chats[0]
        guids = [*world.guids(chat), None]
        events["messages"] = [true_message(message, chat, guids, die) for message in events["messages"]]
    if isinstance(events.get("statuses"), list) and it.me is not None and die.random() < 0.9:
        if die.random() < 0.3:
            world.send(world.members[1], world.platform_chats[1])
        waiting = world.waiting(it.me)
        if waiting:
            events["statuses"] = [
                status | {"messageID": die.choice(waiting)} if isinstance(status, dict) else status
                for status in events["statuses"]
            ]
    algorithm = body.get("signAlg")
    if algorithm not in ("RS256", "PS256"):
        algorithm = "RS256"
    # As schemathesis will write it.
    it.set_body(outgoingEvents=events, sign=world.sign(json.dumps(events).encode(), algorithm))


def true_message(message: Any, chat: str, guids: list[str | None], die: random.Random) -> Any:
    """A message of a block with a chat and recipients that there are."""
    if not isinstance(message, dict):
        return message
    parts = message.get("messageBlock")
    if isinstance(parts, list):
        parts = [
            part | {"recipient": die.choice(guids)} if isinstance(part, dict) else part for part in parts
        ]
    return message | {"chatID": chat, "messageBlock": parts}


def sign_question(it: Costume) -> None:
    """Asks for the queue with a true signature, or with none."""
    if it.die.random() < 0.7:
        timestamp = millis()
        algorithm = it.case.query.get("signAlg")
        algorithm = algorithm if algorithm in ("RS256", "PS256") else "RS256"
        it.set_query(
            timestamp=timestamp, signAlg=algorithm, sign=it.world.sign(timestamp.encode(), algorithm)
        )


PREPARATIONS: dict[str, Callable[[Costume], None]] = {
    "POST /register": register,
    "GET /register/{token}": confirm,
    "PUT /notifications": mark_read,
    "PUT /chat_groups": rename_some_group,
    "PUT /chat_groups/{chat_group_id}": rename_group,
    "POST /api/user": register,
    "POST /login": log_in,
    "GET /logout": log_out,
    "POST /api/login": log_in,
    "GET /api/logout": log_out_of_web,
    "PUT /api/user": change_user,
    "PUT /api/user/{user_id}": change_user,
    "DELETE /api/user": delete_user,
    "DELETE /api/user/{user_id}": delete_user,
    "DELETE /api/chats": leave_web_chat,
    "DELETE /api/chats/{chat_id}": delete_web_message,
    "DELETE /api/conversations/{id}/{message_id}": delete_message,
    "DELETE /chats/{chat_id}": use_direct_or_platform_chat,
    "DELETE /chats_v2/{chat_id}": delete_direct_chat,
    "GET /chats_v2/{chat_id}": fetch_mailbox,
    "GET /chats_v2/{user_a_id}/{user_b_id}": fetch_mailbox,
    "DELETE /backend/chats/{chat_id}": use_platform_chat,
    "DELETE /backend/chats/{chat_id}/users": use_platform_chat,
    "DELETE /chats/{chat_id}/users": use_platform_chat,
    "POST /token": issue,
    "PUT /token": refresh,
    "POST /messages": sign_block,
    "GET /messages": sign_question,
}
