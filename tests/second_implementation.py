#!/usr/bin/env python3
"""What Python's `cryptography` signs, the server takes byte for byte; what the server signs, Python verifies.

Run with PYTHONPATH=infra/examples, whose client this borrows. Bodies are written by hand here, oddly on
purpose: a server that reads a block and writes it anew before it checks the signature fails.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import sys
import urllib.parse
import uuid
from collections.abc import Callable
from functools import partial

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from signed_messaging import PADDINGS, Backend, Client, Failure, Refused, ServerKeys, expect, now, raw_member

# Blocks as a client may write them. @time, @chat, @guid and @hash stand for what differs from run to run.
# Each has the word Hello once.
BLOCKS = {
    "odd spacing": (
        '{\r\n\t"timestamp" : "@time" ,\n\n  "messages":[ {   "chatID"\t:"@chat","clientHash":"@hash",\r'
        '"messageBlock":[{ "messageText":"  Hello,  \\t spaces  "\n}\r]} ]  , "statuses" : [ ]   }'
    ),
    "another order": (
        '{"zz":{"b":1,"a":[null,true,{}]},"statuses":[],"messages":[{"messageBlock":[{"recipient":"@guid",'
        '"messageText":"Hello from Z to A"}],"clientHash":"@hash","chatID":"@chat"}],"timestamp":"@time"}'
    ),
    # Also a letter composed in two ways, a line separator, and characters beyond 16 bits, as they are and
    # escaped.
    "escapes": (
        r'{"time\u0073tamp":"@time","messages":[{"chatID":"@chat","clientHash":"@hash","messageBlock":'
        r'[{"message\u0054ext":"Hello \u0042\u006fb \/ \"\\ \ud83d\ude00 <\b\f\n> '
        '\u00e9 e\u0301 \u2028 \U0001f600 \x7f"}]}]}'
    ),
    "a key twice": (
        '{"timestamp":"1","messages":[],"timestamp":"@time","messages":[{"chatID":"nowhere","chatID":"@chat",'
        '"clientHash":"@hash","messageBlock":[],"messageBlock":[{"messageText":"first","messageText":"Hello, '
        'last"}]}]}'
    ),
    "numbers": (
        '{"timestamp":@time,"messages":[{"chatID":"@chat","timestamp":@time,"clientHash":"@hash","messageBlock":'
        '[{"messageText":"Hello 1.0"}]}],"more":[1.0E+2,-0,0.10,12345678901234567890123]}'
    ),
}

# The body around a block.
BODIES = (
    '{"outgoingEvents":@block,"sign":"@sign","signAlg":"@algorithm"}',
    '\n{ "signAlg" : "@algorithm",\t"sign": "@sign" ,\r\n"outgoing\\u0045vents" :  \t@block \r\n,'
    ' "more" : {"outgoingEvents":{},"sign":""}\n}\n',
)

# How a signature may be written, and how the server then writes its own.
ENCODINGS: dict[str, tuple[Callable[[bytes], str], Callable[[str], bytes]]] = {
    "base64": (lambda sign: base64.b64encode(sign).decode(), base64.b64decode),
    "base64 without padding": (lambda sign: base64.b64encode(sign).decode().rstrip("="), base64.b64decode),
    "base64 for URLs": (lambda sign: base64.urlsafe_b64encode(sign).decode().rstrip("="), base64.b64decode),
    "hex": (bytes.hex, bytes.fromhex),
}


class Pair:
    """Ann and Bob in a chat, and what Ann needs to write and sign by hand."""

    def __init__(self, api: str, backend_key: str, algorithm: str) -> None:
        run = uuid.uuid4().hex
        self.api = api
        self.algorithm = algorithm
        self.chat = f"second-{run}"
        self.ann = Client(api, f"ann-{run}", "Ann", algorithm)
        self.bob = Client(api, f"bob-{run}", "Bob", algorithm)
        self.server = ServerKeys(api)
        self.backend = Backend(api, backend_key)
        tokens = self.backend.create_users([self.ann.registration(), self.bob.registration()])
        self.ann.tokens, self.bob.tokens = tokens[self.ann.user_id], tokens[self.bob.user_id]
        _, self.bob_guid = self.backend.seat(self.chat, [self.ann.user_id, self.bob.user_id], "")

    def block(self, template: str) -> str:
        """A block that nobody has sent before."""
        names = {"@time": now(), "@chat": self.chat, "@guid": self.bob_guid, "@hash": str(uuid.uuid4())}
        for name, value in names.items():
            template = template.replace(name, value)
        return template

    def sign(self, text: str) -> bytes:
        """Ann's signature of a text."""
        return self.ann.private_key.sign(text.encode(), PADDINGS[self.algorithm], hashes.SHA256())

    def post(self, body: str, block: str, sign: str) -> bytes:
        """Posts a block with a signature, and gives the answer."""
        for name, value in (("@algorithm", self.algorithm), ("@sign", sign), ("@block", block)):
            body = body.replace(name, value)
        return self.ann.call("POST", "/messages", body.encode())

    def verified(self, answer: bytes, name: str, decode: Callable[[str], bytes]) -> bytes:
        """The bytes of a signed value. They verify, and with one byte changed they do not."""
        value, sign = raw_member(answer, name), decode(json.loads(raw_member(answer, "sign")))
        self.server.verify(value, sign, self.algorithm)
        try:
            self.server.verify(value[:-1] + b" }", sign, self.algorithm)
        except Failure:
            return value
        raise Failure("A signature fits whatever the text is")


def refused(what: str, attempt: Callable[[], bytes]) -> None:
    """Raises unless the server says that the signature is bad."""
    try:
        attempt()
    except Refused as error:
        expect((error.status, error.code) == (403, "bad_signature"), f"{what}: {error}")
    else:
        raise Failure(f"{what} was taken")


def accepts(pair: Pair) -> None:
    """What was signed is taken exactly as it was written, and arrives with the meaning that JSON gives it."""
    bodies = itertools.cycle(BODIES)
    texts = []
    for name, template in BLOCKS.items():
        for encode, decode in ENCODINGS.values():
            block = pair.block(template)
            meant = json.loads(block)["messages"][0]
            answer = pair.post(next(bodies), block, encode(pair.sign(block)))
            (result,) = json.loads(pair.verified(answer, "outgoingEventsResult", decode))["messages"]
            expect(result["clientHash"] == meant["clientHash"], f"{name}: the result is of another message")
            texts.append((result["messageID"], meant["messageBlock"][0]["messageText"]))
    inbox = pair.bob.receive()
    received = [(one["messageID"], one["messageText"]) for one in inbox.messages]
    expect(received == texts, f"Bob has not received what Ann has signed: {received}")
    pair.bob.acknowledge(inbox.ids(), "delivered")


def repeats(pair: Pair) -> None:
    """The same block is the same also with another signature: PS256 never gives the same one twice."""
    block = pair.block(BLOCKS["odd spacing"])
    encode, decode = ENCODINGS["base64"]
    first, second = (
        pair.verified(pair.post(BODIES[0], block, encode(pair.sign(block))), "outgoingEventsResult", decode)
        for _ in range(2)
    )
    expect(first == second, "The same block again has got another result")
    inbox = pair.bob.receive()
    expect(len(inbox.messages) == 1, "Bob has received a message twice")
    pair.bob.acknowledge(inbox.ids(), "delivered")


def refuses(pair: Pair) -> None:
    """What was not signed exactly so is refused, and nothing of it is applied."""
    encode, _ = ENCODINGS["base64"]

    def attempt(sent: str, signed: str) -> Callable[[], bytes]:
        return partial(pair.post, BODIES[1], sent, encode(pair.sign(signed)))

    for name, template in BLOCKS.items():
        block = pair.block(template)
        meant = json.loads(block)
        others = {
            "one letter changed": block.replace("Hello", "hello"),
            "one space more": block.replace("{", "{ ", 1),
            "written anew": json.dumps(meant, ensure_ascii=False),
            "written anew, escaped": json.dumps(meant),
            "written anew, compact": json.dumps(meant, ensure_ascii=False, separators=(",", ":")),
            "written anew, sorted": json.dumps(meant, separators=(",", ":"), sort_keys=True),
        }
        for change, other in others.items():
            # A block that is compact from the start is the same when it is written so again.
            if other != block:
                refused(f"{name}, sent {change}", attempt(other, block))
                refused(f"{name}, signed {change}", attempt(block, other))
        # White space around a value is not part of it.
        refused(f"{name}, signed with space around it", attempt(block, f" {block} "))

    block = pair.block(BLOCKS["numbers"])
    key = pair.ann.private_key
    (other_padding,) = (PADDINGS[name] for name in PADDINGS if name != pair.algorithm)
    long_salt = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.MAX_LENGTH)
    signatures = {
        "the other algorithm": key.sign(block.encode(), other_padding, hashes.SHA256()),
        "another hash": key.sign(block.encode(), PADDINGS[pair.algorithm], hashes.SHA512()),
        "a salt of another length": key.sign(block.encode(), long_salt, hashes.SHA256()),
        "another's key": pair.bob.private_key.sign(block.encode(), PADDINGS[pair.algorithm], hashes.SHA256()),
        "one bit changed": pair.sign(block)[:-1] + bytes([pair.sign(block)[-1] ^ 1]),
        "one byte less": pair.sign(block)[:-1],
    }
    for name, signature in signatures.items():
        refused(name, partial(pair.post, BODIES[0], block, encode(signature)))
    expect(pair.bob.receive().ids() == [], "Something of a refused block was applied")


def reads(pair: Pair) -> None:
    """A signed GET is answered in its algorithm and encoding; one with a wrong signature is refused."""

    def fetch(timestamp: str, sign: str) -> bytes:
        query = {"timestamp": timestamp, "sign": sign, "signAlg": pair.algorithm}
        return pair.bob.call("GET", f"/messages?{urllib.parse.urlencode(query)}")

    block = pair.block(BLOCKS["escapes"])
    pair.post(BODIES[0], block, ENCODINGS["hex"][0](pair.sign(block)))
    meant = json.loads(block)["messages"][0]["messageBlock"][0]["messageText"]
    key = pair.bob.private_key
    for name, (encode, decode) in ENCODINGS.items():
        time = now()
        sign = encode(key.sign(time.encode(), PADDINGS[pair.algorithm], hashes.SHA256()))
        events = json.loads(pair.verified(fetch(time, sign), "incomingEvents", decode))
        texts = [one["messageText"] for one in events["messages"]]
        expect(texts == [meant], f"{name}: Bob has received {texts}")
        refused(f"{name}, another time", partial(fetch, str(int(time) + 1), sign))
    pair.bob.acknowledge(pair.bob.receive().ids(), "read")


def takes_keys(pair: Pair) -> None:
    """A key may come as PEM, or as its DER in hex or base64, and may have more than 2048 bits."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for text in (der.hex(), base64.b64encode(der).decode()):
        user = Client(pair.api, f"carol-{uuid.uuid4().hex}", "Carol", pair.algorithm)
        user.tokens = pair.backend.create_users([user.registration() | {"userKey": text}])[user.user_id]
        user.private_key = key
        expect(user.receive().ids() == [], "A new user has something in the queue")


def main() -> int:
    """Runs everything, and gives the exit code."""
    parser = argparse.ArgumentParser(description="Checks signatures against another implementation.")
    parser.add_argument("--api", required=True, metavar="URL", help="the root of the API")
    parser.add_argument("--backend-key", required=True, metavar="KEY", help="the operator's key")
    parser.add_argument("--algorithm", choices=sorted(PADDINGS), required=True, help="how to sign")
    arguments = parser.parse_args()
    pair = Pair(arguments.api, arguments.backend_key, arguments.algorithm)
    for check in (accepts, repeats, refuses, reads, takes_keys):
        check(pair)
        print(check.__doc__)
    print(f"Both implementations agree on {arguments.algorithm}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
