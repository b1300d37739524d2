"""What there is before the run: people with credentials of every kind, and what they have made."""

import base64
import itertools
import json
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PASSWORD = "correct horse battery"
KEYS = Path(__file__).parent.parent / "keys"
PADDINGS = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32),
}
# How many registrations are begun at once: each look at the outbox brings all of its mails.
LETTERS = 20


@dataclass(frozen=True)
class Person:
    """Somebody, with whatever the API takes for a credential of theirs."""

    id: int | str
    name: str = ""
    email: str = ""
    # Of `POST /login`, or an access token.
    token: str = ""
    refresh_token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)


class World:
    """A running stack, and everything in it that requests can be about. All of it is made by the API."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.api = ready["http"]
        self.backend_key = ready["backend_key"]
        self._console = ready["console"]
        self._session = threading.local()
        self._numbers = itertools.count(1)
        # Names are unique in a stack, and a stack may be tried twice.
        self._run = f"{time.time_ns():x}"
        self._letters: list[str] = []
        self._lock = threading.Lock()
        self._key = self._read_key("a")

        # The first of each kind has made what is there, the second takes part in it, the third is a stranger.
        self.live = [self.register() for _ in range(3)]
        self.web = [self.create_web_user() for _ in range(3)]
        self.topical = [self.create_named_user() for _ in range(2)]
        self.members = self.admit(4)
        # Nobody else's sessions end when these log in 100 times, or log out.
        self.visitor = self.register()
        self.web_visitor = self.create_web_user()
        self.leaver = self.register()
        # Nobody else's name changes, and nobody else is deleted.
        self.changeling = self.create_web_user()
        self.ghost = self.create_web_user()
        self.call("DELETE", "/api/user", self.ghost)

        ann, bob, cid = self.live
        self.chats = [self.write(ann, bob), self.write(bob, cid), self.write(cid, self.web[0])]
        self.rooms = [self.create_room(ann, capacity=2), self.create_room(bob), self.create_room(cid)]
        self.groups = [self.create_group(ann), self.create_group(bob)]
        self.platform_chats = [self.seat(self.members[:3]), self.seat(self.members[1:3])]
        self.web_chats = [self.create_web_chat(self.web[0]), self.create_web_chat(self.web[1])]
        self.conversations = [self.create_conversation(person) for person in self.topical]

    # --- calls

    def call(
        self, method: str, path: str, by: Person | str | None = None, **arguments: Any
    ) -> requests.Response:
        """Makes a call that must succeed: by a person, or with this in the header `Authorization`."""
        if not hasattr(self._session, "value"):
            self._session.value = requests.Session()
            # What a person's cookies are is said with each call.
            self._session.value.cookies.set_policy(NoCookies())
        headers = {}
        if isinstance(by, str):
            headers["authorization"] = by
        elif by is not None and by.token:
            headers["authorization"] = f"Bearer {by.token}"
        elif by is not None:
            headers["cookie"] = cookie_header(by.cookies)
        answer = self._session.value.request(
            method, self.api + path, headers=headers, timeout=60, **arguments
        )
        if not answer.ok:
            raise RuntimeError(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer

    def unique(self, prefix: str) -> str:
        """A name that nobody has."""
        return f"{prefix}-{self._run}-{next(self._numbers)}"

    # --- people

    def letter(self) -> str:
        """The token of a registration that waits for its confirmation."""
        with self._lock:
            if not self._letters:
                self._letters = self._begin_registrations(LETTERS)
            return self._letters.pop()

    def _begin_registrations(self, count: int) -> list[str]:
        addresses = {f"{self.unique('ada')}@example.com" for _ in range(count)}
        for address in addresses:
            body = {"email": address, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace"}
            self.call("POST", "/register", json=body)
        mails = requests.get(f"{self._console}/outbox", timeout=60).json()
        texts = [mail["text"] for mail in mails if mail["to"] in addresses]
        return [re.search(r"/register/(\S+)", text)[1] for text in texts]

    def register(self) -> Person:
        """Somebody with an account by e-mail who is logged in."""
        name = self.unique("Ada")
        email = f"{name.lower()}@example.com"
        body = {
            "email": email,
            "password": PASSWORD,
            "first_name": "Ada",
            "last_name": "Lovelace",
            "user_name": name,
        }
        self.call("POST", "/register", json=body)
        mails = requests.get(f"{self._console}/outbox", timeout=60).json()
        text = next(mail["text"] for mail in mails if mail["to"] == email)
        user_id = self.call("GET", re.search(r"/register/\S+", text)[0]).json()["user_id"]
        return self.login(Person(user_id, name, email))

    def login(self, person: Person) -> Person:
        """The same person with another token."""
        answer = self.call("POST", "/login", json={"email": person.email, "password": PASSWORD})
        return Person(person.id, person.name, person.email, token=answer.json()["token"])

    def create_web_user(self) -> Person:
        """Somebody with the pair of cookies."""
        name = self.unique("Will")
        form = {"name": name, "password": PASSWORD, "email": f"{name.lower()}@example.com"}
        cookies = dict(self.call("POST", "/api/user", data=form).cookies)
        return Person(int(cookies["user_id"]), name, form["email"], cookies=cookies)

    def login_web_user(self, person: Person) -> Person:
        """The same person with other cookies."""
        answer = self.call("POST", "/api/login", data={"name": person.name, "password": PASSWORD})
        return Person(person.id, person.name, person.email, cookies=dict(answer.cookies))

    def create_named_user(self) -> Person:
        """Somebody with the cookie of conversations."""
        name = self.unique("Tess")
        answer = self.call("POST", "/auth/register", json={"username": name})
        return Person(name, name, cookies=dict(answer.cookies))

    def admit(self, count: int) -> list[Person]:
        """Users of a platform, with the key pair `a`."""
        users = [{"userID": self.unique("member"), "userKey": self.public_key("a")} for _ in range(count)]
        rows = self.call("POST", "/token", self.backend_key, json={"users": users}).json()["users"]
        return [
            Person(row["userID"], row["userID"], token=row["accessToken"], refresh_token=row["refreshToken"])
            for row in rows
        ]

    # --- what they make

    def write(self, sender: Person, receiver: Person) -> int:
        """The chat that a message went to."""
        body = {"receiver_id": receiver.id, "message": "Hello", "type": "text"}
        return self.call("POST", "/chats", sender, json=body).json()["chat_id"]

    def create_room(self, owner: Person, **more: Any) -> int:
        """A room with a message of its owner."""
        body = {"title": "Café Central", "latitude": 48.21, "longitude": 16.36} | more
        room = self.call("POST", "/chat_rooms", owner, json=body).json()["chat_room_id"]
        self.call("POST", f"/chat_rooms/{room}/message", owner, json={"message": "Hello", "type": "text"})
        return room

    def create_group(self, owner: Person) -> int:
        """A group that its owner has been in."""
        group = self.call(
            "POST", "/chat_groups", owner, json={"chat_group_name": self.unique("group")}
        ).json()
        self.call("GET", f"/chat_groups/{group['chat_group_id']}", owner)
        return group["chat_group_id"]

    def seat(self, members: list[Person]) -> str:
        """A platform's chat with these members."""
        chat = self.unique("chat")
        body = {"users": [member.id for member in members]}
        self.call("PUT", f"/backend/chats/{chat}/users", self.backend_key, json=body)
        return chat

    def guids(self, chat: str) -> list[str]:
        """The names of a chat's participants in it."""
        answer = self.call("GET", f"/backend/chats/{chat}/users", self.backend_key).json()
        return [user["GUID"] for user in answer["chat"]["users"]]

    def create_web_chat(self, owner: Person) -> int:
        """A chat of the form-and-cookie API with a message of its owner, and another participant."""
        chat = self.call("POST", "/api/chats", owner, data={"title": "Plans"}).json()["id"]
        self.call("POST", f"/api/chats/{chat}/users", owner, data={"name": self.web[1].name})
        self.say(owner, chat)
        return chat

    def say(self, owner: Person, chat: int) -> int:
        """A message in a chat of the form-and-cookie API."""
        return self.call("POST", f"/api/chats/{chat}", owner, data={"content": "Hello"}).json()["id"]

    def create_conversation(self, owner: Person) -> int:
        """A conversation with a message."""
        url = self.call("POST", "/api/conversations", owner, json={"title": "Tea"}).json()["url"]
        conversation = int(url.rsplit("/", 1)[1])
        self.post(owner, conversation)
        return conversation

    def post(self, owner: Person, conversation: int) -> int:
        """A message in a conversation."""
        answer = self.call("POST", f"/api/conversations/{conversation}", owner, json={"text": "Hello"}).json()
        return int(answer["url"].rsplit("/", 1)[1])

    # --- signatures

    def _read_key(self, name: str) -> rsa.RSAPrivateKey:
        return serialization.load_pem_private_key((KEYS / f"{name}.pem").read_bytes(), password=None)

    def public_key(self, name: str) -> str:
        """A public key of the tests as PEM."""
        key = self._read_key(name).public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return key.public_bytes(serialization.Encoding.PEM, form).decode()

    def sign(self, data: bytes, algorithm: str) -> str:
        """The signature of any of the members."""
        return base64.b64encode(self._key.sign(data, PADDINGS[algorithm], hashes.SHA256())).decode()

    def waiting(self, member: Person) -> list[str]:
        """The `messageID`s of what a member has not acknowledged."""
        events = self.call("GET", "/messages", member).json()["incomingEvents"]
        return [event["messageID"] for kind in ("messages", "statuses", "info") for event in events[kind]]

    def send(self, member: Person, chat: str) -> None:
        """Sends a signed message to everybody else in a platform's chat."""
        message = {
            "chatID": chat,
            "clientHash": self.unique("hash"),
            "messageBlock": [{"messageText": "Hello"}],
        }
        events = {"timestamp": millis(), "messages": [message], "statuses": []}
        sign = self.sign(json.dumps(events).encode(), "RS256")
        self.call("POST", "/messages", member, json={"outgoingEvents": events, "sign": sign})


class NoCookies(requests.cookies.cookielib.DefaultCookiePolicy):
    """Keeps no cookie."""

    def set_ok(self, cookie: Any, request: Any) -> bool:
        return False


def cookie_header(cookies: dict[str, str]) -> str:
    """The header that shows these cookies."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def millis() -> str:
    """The time as the signed messages have it."""
    return str(time.time_ns() // 1_000_000)


def once(make: Callable[[], World]) -> Callable[[], World]:
    """Makes the world when it is first asked for, whichever thread asks."""
    lock, made = threading.Lock(), []

    def get() -> World:
        with lock:
            if not made:
                made.append(make())
            return made[0]

    return get


world = once(lambda: World(json.loads(os.environ["TEST_READY"])))
