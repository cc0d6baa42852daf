"""A mail server that keeps what it is given, and does wrong what a test asks for."""

from __future__ import annotations

import base64
import contextlib
import email
import email.policy
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

# What is answered at each stage while nothing is wrong.
GOOD = {
    "connect": "220 sink ready",
    "STARTTLS": "220 go on",
    "AUTH": "235 welcome",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "end": "250 kept",
    "RSET": "250 ok",
    "QUIT": "221 bye",
}


@dataclass
class Kept:
    """A message as it came over the wire."""

    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"])

    def body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content())


@dataclass
class Sink:
    """Listens on a port of its own from `start` to `stop`; the port stays the same over both."""

    certificate: tuple[Path, Path] | None = None
    wrapped: bool = False
    password: tuple[str, str] | None = None
    answers: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    kept: list[Kept] = field(default_factory=list)
    refused: list[Kept] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def start(self) -> Sink:
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        self.open = True
        self.conversations: list[socket.socket] = []
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()
        return self

    def stop(self) -> None:
        self.open = False
        with contextlib.suppress(OSError):
            # A thread that waits in accept would keep the port.
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for one in self.conversations:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self.conversations.append(connection)
            threading.Thread(target=self.converse, args=(connection,), daemon=True).start()

    def context(self) -> ssl.SSLContext:
        assert self.certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.certificate)
        return context

    def converse(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self.wrapped:
                connection = self.context().wrap_socket(connection, server_side=True)
                self.conversations.append(connection)
            Conversation(self, connection).run()
        connection.close()

    def wait(self, count: int, seconds: float = 20) -> list[Kept]:
        """Waits until that many messages are kept, and makes sure that no more come at once."""
        end = time.monotonic() + seconds
        while len(self.kept) < count and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.3)
        assert len(self.kept) == count, [one.id for one in self.kept]
        return self.kept


class Conversation:
    """One connection of a client."""

    def __init__(self, sink: Sink, connection: socket.socket) -> None:
        self.sink = sink
        self.connection = connection
        self.lines = connection.makefile("rb")
        self.secure = sink.wrapped
        self.recipients: list[str] = []

    def answer(self, stage: str, text: str | None = None) -> bool:
        """Answers as asked for; whether that was the good answer."""
        if stage in self.sink.silent:
            while self.sink.open:
                time.sleep(0.05)
            raise OSError("the test is over")
        good = text or GOOD[stage]
        given = self.sink.answers.get(stage, good)
        self.connection.sendall(given.encode() + b"\r\n")
        return given == good

    def run(self) -> None:
        if not self.answer("connect"):
            return
        while line := self.lines.readline():
            text = line.decode().strip()
            self.sink.said.append(text)
            verb = text.split(" ")[0].split(":")[0].upper()
            if verb == "QUIT":
                self.answer("QUIT")
                return
            self.command(verb, text)

    def command(self, verb: str, text: str) -> None:
        match verb:
            case "EHLO":
                offers = ["sink"]
                if self.sink.certificate is not None and not self.secure:
                    offers.append("STARTTLS")
                if self.sink.password is not None and self.secure:
                    offers.append("AUTH PLAIN")
                lines = [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]
                self.answer("EHLO", "\r\n".join(lines))
            case "STARTTLS":
                if self.answer("STARTTLS"):
                    self.connection = self.sink.context().wrap_socket(self.connection, server_side=True)
                    self.sink.conversations.append(self.connection)
                    self.lines = self.connection.makefile("rb")
                    self.secure = True
            case "AUTH":
                user, password = base64.b64decode(text.split(" ")[2]).decode().split("\0")[1:]
                right = (user, password) == self.sink.password
                self.answer("AUTH", GOOD["AUTH"] if right else "535 5.7.8 no")
            case "RCPT":
                if self.answer("RCPT"):
                    self.recipients.append(text[len("RCPT TO:<") : text.index(">")])
            case "DATA":
                if self.answer("DATA"):
                    self.data()
            case "MAIL" | "RSET":
                self.recipients = []
                self.answer(verb)
            case _:
                self.connection.sendall(b"502 what?\r\n")

    def data(self) -> None:
        lines = []
        while (line := self.lines.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        kept = Kept(self.recipients, b"".join(lines))
        if "end" in self.sink.silent or self.sink.answers.get("end", "250").startswith("250"):
            # Kept before it is acknowledged: whoever hears nothing must not be sure of anything.
            self.sink.kept.append(kept)
        else:
            self.sink.refused.append(kept)
        self.answer("end")
