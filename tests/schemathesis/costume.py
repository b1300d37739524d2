"""What a case wears for the call: somebody's credential, and what there is instead of what was made up."""

import random
from collections.abc import Callable
from typing import Any

import schemathesis
from schemathesis.core.parameters import ParameterLocation

from world import Person, World, cookie_header

# The kind of credential behind each of the document's security schemes.
FAMILIES = {
    "login_header": "login_token",
    "login_bearer": "login_token",
    "access_token": "access_token",
    "access_token_query": "access_token",
    "backend_key": "backend_key",
    "web_user_id": "web_cookies",
    "web_token": "web_cookies",
    "web_access_token": "web_cookies",
    "session": "session_cookie",
}


class Costume:
    """One case, who sends it, and what it is about."""

    def __init__(self, world: World, case: schemathesis.Case, die: random.Random) -> None:
        self.world = world
        self.case = case
        self.die = die
        self.route = f"{case.operation.method.upper()} {case.operation.path}"
        self.me: Person | None = None

    def put_on(self, prepare: "Callable[[Costume], None] | None") -> None:
        """Chooses a caller, fills in what is there, and makes what the case is to destroy."""
        kinds = self._kinds()
        kind = self.die.choice(kinds) if kinds else None
        is_fitting = self.die.random() < 0.85
        if kind is not None:
            self.me = self._person(kind)
        if self.die.random() < 0.9:
            self._fill_in()
        # Always: nobody is to end what others need.
        if prepare is not None and is_fitting:
            prepare(self)
        if kind is not None:
            self._show(kind) if is_fitting else self._show_wrong(kinds)

    # --- credentials

    def _kinds(self) -> list[str]:
        """The credentials that the operation takes, as the document names them."""
        requirements = self.case.operation.definition.raw.get("security", [])
        return [FAMILIES[next(iter(requirement))] for requirement in requirements]

    def _person(self, kind: str) -> Person | None:
        people = {
            "login_token": self.world.live,
            "web_cookies": self.world.web,
            "session_cookie": self.world.topical,
            "access_token": self.world.members,
        }
        return self.die.choice(people[kind]) if kind in people else None

    def _show(self, kind: str) -> None:
        """Shows the credential of the caller, in one of the ways in which the API takes it."""
        match kind:
            case "login_token":
                self._show_header(self.me.token, ["authentication", "authorization"])
            case "backend_key":
                self._show_header(self.world.backend_key, ["authorization"])
            case "access_token":
                body = self.case.body
                carriers = ["header", "header", "query"]
                if isinstance(body, dict) and self.case.media_type == "application/json":
                    carriers.append("body")
                match self.die.choice(carriers):
                    case "header":
                        self._show_header(self.me.token, ["authorization"])
                    case "query":
                        self.case.query = {**self.case.query, "accessToken": self.me.token}
                    case "body":
                        self.case.body = {**body, "accessToken": self.me.token}
            case "web_cookies" | "session_cookie":
                self._show_cookies(self.me.cookies)

    def _show_header(self, credential: str, names: list[str]) -> None:
        name = self.die.choice(names)
        scheme = self.die.choice(["", "Bearer ", "bearer "]) if name == "authorization" else ""
        self.case.headers[name] = f"{scheme}{credential}"

    def _show_cookies(self, cookies: dict[str, str]) -> None:
        cookies = dict(cookies)
        # The document calls this one by two names.
        if "user_id" in cookies and self.die.random() < 0.2:
            cookies["access_token"] = cookies.pop("token")
        self.case.headers["cookie"] = cookie_header(cookies)

    def _show_wrong(self, kinds: list[str]) -> None:
        """Shows nothing, what does not hold, what is good elsewhere, or a good cookie from another site's page."""
        world, die = self.world, self.die
        garbage = die.choice(["", "x", "a.b.c", "ÿ", "0" * 3000, world.live[0].token[:-4] + "AAAA"])
        wrong: list[Callable[[], Any]] = [
            lambda: None,
            lambda: self._show_header(garbage, ["authentication", "authorization"]),
            lambda: self._show_cookies({"session": garbage, "user_id": "1", "token": garbage}),
        ]
        others = [kind for kind in dict.fromkeys(FAMILIES.values()) if kind not in kinds]

        def show_other() -> None:
            kind = die.choice(others)
            self.me = self._person(kind)
            self._show(kind)

        wrong.append(show_other)
        if any(kind in ("web_cookies", "session_cookie") for kind in kinds):
            wrong.append(self._show_from_elsewhere)
            wrong.append(lambda: self._show_cookies(world.web[0].cookies | {"user_id": str(world.web[1].id)}))
        die.choice(wrong)()

    def _show_from_elsewhere(self) -> None:
        self._show_cookies(self.me.cookies)
        self.case.headers.update(
            self.die.choice([{"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}])
        )

    # --- what it is about

    def _fill_in(self) -> None:
        """Puts what is there where the document asks for an id or a name, unless it is wrong on purpose."""
        case = self.case
        if case.path_parameters and not self._is_wrong(ParameterLocation.PATH):
            for name, value in case.path_parameters.items():
                self.set_path(name, self._known(name, value))
        if case.query and not self._is_wrong(ParameterLocation.QUERY):
            case.query = {name: self._known(name, value) for name, value in case.query.items()}
        if isinstance(case.body, dict) and not self._is_wrong(ParameterLocation.BODY):
            case.body = {name: self._known(name, value) for name, value in case.body.items()}

    def _is_wrong(self, location: ParameterLocation) -> bool:
        meta = self.case.meta
        return meta is not None and meta.is_negative_at(location)

    def _known(self, name: str, value: Any) -> Any:
        """A value that there is, for most values of this name."""
        choices = self._choices(name)
        return self.die.choice(choices) if choices and self.die.random() < 0.9 else value

    def _choices(self, name: str) -> list[Any]:
        world = self.world
        everybody = [person.id for person in world.live + world.web]
        match self.surface(), name:
            case "platform", "chat_id":
                return world.platform_chats
            case "platform", "users":
                ids = [member.id for member in world.members]
                return [[self.die.choice(ids)], ids[:2], ids]
            case "platform", "GUIDs":
                return [world.guids(self.die.choice(world.platform_chats))[-1:]]
            case "direct", "chat_id":
                return world.chats
            case "rooms", "chat_room_id":
                return world.rooms
            case "groups", "chat_group_id":
                return world.groups
            case "web", "chat_id":
                return world.web_chats
            case "conversations", "id":
                return world.conversations
            case "conversations" | "web", "message_id" | "id":
                return [1, 1, 2]
            case "web", "user_id":
                return [self.me.id if self.me else 1, *everybody]
            case "web", "name" if self.route in ("GET /api/user", "POST /api/chats/{chat_id}/users"):
                return [person.name for person in world.live + world.web + world.topical]
            case _, "user_a_id":
                return [self.me.id if self.me else 1, self.me.id if self.me else 1, *everybody]
            case _, "user_b_id" | "receiver_id":
                # The first is the caller of examples.
                return everybody[1:] + everybody[:1]
            case "accounts", "chat_id" if self.die.random() < 0.5:
                return world.chats
            case "accounts", "chat_room_id" if self.die.random() < 0.5:
                return world.rooms
            case "accounts", "chat_group_id" if self.die.random() < 0.5:
                return world.groups
            case _, "author_id":
                return [self.me.id if self.me else 1]
            case _, "userKey":
                return [world.public_key(key) for key in ("a", "b", "large", "largest")]
            case _:
                return []

    def surface(self) -> str:
        """The part of the API that the path belongs to."""
        path = self.case.operation.path
        if path.startswith("/backend/") or path == "/chats/{chat_id}/users":
            return "platform"
        heads = {
            "/chats": "direct",
            "/chat_rooms": "rooms",
            "/chat_groups": "groups",
            "/api/conversations": "conversations",
            "/api/": "web",
        }
        return next((name for head, name in heads.items() if path.startswith(head)), "accounts")

    def set_path(self, name: str, value: Any) -> None:
        """Gives a path parameter a value, unless it is wrong on purpose."""
        if name in self.case.path_parameters and not self._is_wrong(ParameterLocation.PATH):
            # As text, which is right for numbers as well.
            self.case.path_parameters = {**self.case.path_parameters, name: str(value)}

    def set_query(self, **more: Any) -> None:
        """Gives query parameters values, unless some are wrong on purpose."""
        if not self._is_wrong(ParameterLocation.QUERY):
            self.case.query = {**self.case.query, **more}

    def set_body(self, **more: Any) -> None:
        """Gives fields of the body values, unless the body is wrong on purpose."""
        if isinstance(self.case.body, dict) and not self._is_wrong(ParameterLocation.BODY):
            self.case.body = {**self.case.body, **more}

    def keep_body(self, *names: str) -> None:
        """Takes every other field out of the body, unless the body is wrong on purpose."""
        if isinstance(self.case.body, dict) and not self._is_wrong(ParameterLocation.BODY):
            self.case.body = {name: value for name, value in self.case.body.items() if name in names}

    def sometimes(self) -> bool:
        """For what costs a password's hash."""
        return self.die.random() < 0.25
