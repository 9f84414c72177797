"""A session with a host on another machine: over tcp with CURVE, without a link (R18.3, R18.6).

What a link tells on one machine is learned here in this order: a connection that breaks interrupts the calls that are
under way on it; the broker says that the host is dead; or nothing was heard for the time of the lease. A connection
that comes back goes on where it was, but for the calls that were interrupted: they are never sent again (R17.27).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, Final

import zmq
from zmq.utils.monitor import recv_monitor_message

from callgate_protocol.authentication import Level
from callgate_protocol.codec import decode, encode
from callgate_protocol.givingback import Giver, Taker
from callgate_protocol.limits import DEFAULT_LIMITS
from callgate_protocol.messages import (
    Cancel,
    CloseChannel,
    GiveBack,
    GivenBack,
    Message,
    Open,
    Opened,
    Ping,
    Pong,
    Refuse,
    Resume,
    Resumed,
    Welcome,
    from_wire,
    to_wire,
)

from .callchannel import CallChannel, HungUp, Unreachable
from .greeting import hello, welcomed
from .iothread import IoThread
from .lifeline import Lifeline
from .pipeline import Pipeline
from .remotechannel import RemoteChannel
from .route import Route
from .session import Session

__all__ = ["RemoteSession", "Route"]

_EVENTS: Final = zmq.Event.HANDSHAKE_SUCCEEDED | zmq.Event.HANDSHAKE_FAILED_AUTH | zmq.Event.DISCONNECTED


class RemoteSession(Session):
    """See `Session`; what differs is how it is joined, how it breaks and how it ends."""

    def __init__(self, io: IoThread, welcome: Welcome, route: Route, at_end: Callable[[], None]) -> None:
        self._route = route
        self._tied: set[RemoteChannel] = set()
        self._silent: set[int] = set()
        """Channels for which the host was asked, and did not answer in time: it is not waited for once more."""
        self._asked: dict[object, Message] = {}
        """Requests on the control channel that were not answered: they can be repeated, and are."""
        self._giver = Giver()
        self._taker = Taker()
        """Both for the I/O thread."""
        self._connections = 0
        self._pings = 0
        self._heard = time.monotonic()
        self._at_end = at_end
        self._monitor: zmq.Socket[bytes]
        super().__init__(io, Lifeline(), welcome, [], route.way)
        self.level = Level.PRIVACY

    @classmethod
    def join(
        cls, io: IoThread, route: Route, about: dict[str, Any], life: Lifeline, at_end: Callable[[], None]
    ) -> RemoteSession:
        """Say hello to the host at the end of a route. `life` hangs up when somebody says that the host is dead.

        `at_end` is called once when the session has ended, on the I/O thread.

        Raises OSError when it cannot be reached, ConnectionError when it refuses, is another one, or has ended.
        """
        with io.context.socket(zmq.DEALER) as socket:
            socket.set(zmq.ROUTING_ID, os.urandom(20))
            socket.set(zmq.LINGER, 0)
            socket.set(zmq.MAXMSGSIZE, DEFAULT_LIMITS.header_bytes)
            route.join(socket, route.control)
            socket.send(encode(to_wire(hello(about))))
            poller = zmq.Poller()
            poller.register(socket, zmq.POLLIN)
            poller.register(life.fileno(), zmq.POLLIN)
            answered = dict(poller.poll(int(route.patience * 1000)))
            if socket not in answered and answered:
                raise ConnectionResetError(f"the host at {route.host} has ended")
            if not answered:
                raise TimeoutError(
                    f"the host at {route.host}, port {route.control.rpartition(':')[2]}, does not answer"
                )
            message = from_wire(decode(socket.recv(), DEFAULT_LIMITS))
        return cls(io, welcomed(message, route.incarnation, route.host), route, at_end)

    def ended(self) -> None:
        """The broker says that the host is dead. From any thread."""
        self.io.post(self._hang_up)

    def release(self, references: list[list[int]]) -> None:
        """See `Session`. It may be lost with a connection, so it is repeated until the host has it (R17.9)."""
        if references and not self.dead:
            self.io.post(lambda: self._say(self._giver.add(references)))

    # -- call channels -------------------------------------------------------------------------------------------

    def take(self, expires: float | None = None) -> CallChannel:
        """See `Session`. Raises Unreachable when the network does not carry for longer than the route's patience."""
        while True:
            try:
                channel = self._free.pop()
            except IndexError:
                return self._open_channel(expires, pipelined=False)
            if not self.interrupted(channel):
                return channel
            self._discard_channel(channel)

    def give(self, channel: CallChannel) -> None:
        """See `Session`."""
        if self.interrupted(channel):
            self._discard_channel(channel)
        else:
            super().give(channel)

    def abandon(self, channel: CallChannel, call: int) -> None:
        """See `Session`. On a connection that has broken there is nothing left to read."""
        if self.interrupted(channel):
            self._discard_channel(channel)
        else:
            super().abandon(channel, call)

    def interrupted(self, channel: Any) -> bool:
        """Whether the connection of a channel has broken since it was made."""
        return channel not in self._tied or channel.lifeline.hung_up

    def begun(self, channel: int, call: int, expires: float | None) -> bool | None:
        """Whether a call that was interrupted had begun; if not, it never will. None when nobody answers in time.

        Raises HungUp when the session ends meanwhile.
        """
        if not call:
            return False
        future = self.cancel(channel, call)
        self._asked[channel, call] = Cancel(channel, call)
        try:
            return future.result(0.0 if channel in self._silent else self._patience(expires))
        except (TimeoutError, CancelledError):
            return None
        finally:
            self._asked.pop((channel, call), None)

    def _patience(self, expires: float | None) -> float:
        patience = self._route.patience
        return patience if expires is None else max(0.0, min(patience, expires - time.monotonic()))

    def _ask_for_channel(self, message: Open, expires: float | None) -> Opened:
        opened: Opened = self._ask(message, expires)
        return opened

    def _ask(self, message: Open | Resume, expires: float | None) -> Any:
        """What the host answers on the control channel. Raises Unreachable, HungUp."""
        future = self._expect(message.request)
        self._asked[message.request] = message
        self.send(message)
        try:
            return future.result(self._patience(expires))
        except TimeoutError:
            with self._lock:
                self._waiting.pop(message.request, None)
            raise Unreachable(f"the host at {self._route.host} cannot be reached at the moment") from None
        finally:
            self._asked.pop(message.request, None)

    def _make_channel(self, endpoint: str, routing_id: bytes, number: int, *, pipelined: bool) -> CallChannel:
        channel = RemoteChannel(
            self.io.context,
            endpoint,
            routing_id,
            number,
            self.limits,
            pipelined=pipelined,
            join=self._route.join,
            resume=self._resume,
        )
        self._tie(channel)
        return channel

    def _tie(self, channel: RemoteChannel) -> None:
        """Be told when its connection breaks."""
        lifeline, monitor = channel.lifeline, channel.monitor
        self._tied.add(channel)

        def watch() -> None:
            if channel in self._tied and not self.dead:
                self.io.watch(monitor, lambda: self._broke(channel, lifeline, monitor))

        self.io.post(watch)
        if self.dead:
            lifeline.hang_up()

    def _untie(self, channel: RemoteChannel) -> None:
        monitor = channel.monitor
        channel.socket.disable_monitor()
        self.io.post(lambda: self._close_monitor(monitor))

    def _broke(self, channel: RemoteChannel, lifeline: Lifeline, monitor: zmq.Socket[bytes]) -> None:
        """R17.27: whatever was under way on this connection may or may not have arrived."""
        self.io.forget(monitor)
        lifeline.hang_up()
        pipeline = self._pipeline
        if pipeline is not None and pipeline.number == channel.number:
            pipeline.pause()
            self._resume_later(channel, pipeline)

    def _resume(self, channel: RemoteChannel, expires: float | None) -> bool:
        """Whether a channel goes on over another connection: the host was asked what it has heard (R17.27)."""
        if self.dead or not channel.resumable:
            return False
        message = Resume(next(self._requests), channel.number, channel.kept.received)
        try:
            return self._go_on(channel, message, self._ask(message, expires))
        except Unreachable:
            self._silent.add(channel.number)
        except HungUp:
            pass
        return False

    def _resume_later(self, channel: RemoteChannel, pipeline: Pipeline) -> None:
        """The same for the pipelined channel, on the I/O thread, which does not wait."""
        message = Resume(next(self._requests), channel.number, channel.kept.received)

        def answered(future: Future[Resumed]) -> None:
            self._asked.pop(message.request, None)
            if self.dead:
                return
            if not future.cancelled() and self._go_on(channel, message, future.result()):
                pipeline.go_on()
                return
            self._pipeline = None
            pipeline.end()
            self._discard_channel(channel)

        def give_up() -> None:
            with self._lock:
                waiting = self._waiting.pop(message.request, None)
            if waiting is not None:
                self._silent.add(channel.number)
                waiting.cancel()

        try:
            future = self._expect(message.request)
        except HungUp:
            return
        future.add_done_callback(answered)
        if not channel.resumable:
            give_up()
            return
        self._asked[message.request] = message
        self._say(message)
        self.io.at(time.monotonic() + self._route.patience, give_up)

    def _go_on(self, channel: RemoteChannel, message: Resume, resumed: Resumed) -> bool:
        missing = channel.kept.missing(resumed.received)
        if not 0 < resumed.routing < 1 << 32 or missing is None:
            return False
        self._untie(channel)
        channel.go_on(self._secret + resumed.routing.to_bytes(4, "big"), message, missing)
        self._tie(channel)
        return True

    def _discard_channel(self, channel: CallChannel) -> None:
        """Close both ends of a channel whose connection is of no use any more."""
        if not self.dead:
            self.send(CloseChannel(channel.number))
        self._drop(channel)

    def _drop(self, channel: CallChannel) -> None:
        assert isinstance(channel, RemoteChannel)
        if channel in self._tied:
            self._tied.discard(channel)
            self._silent.discard(channel.number)
            self._untie(channel)
            channel.lifeline.close()
        super()._drop(channel)

    def _close_monitor(self, monitor: zmq.Socket[bytes]) -> None:
        self.io.forget(monitor)
        monitor.close(0)

    # -- on the I/O thread ---------------------------------------------------------------------------------------

    def _join(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        self._monitor = socket.get_monitor_socket(_EVENTS)
        self._route.join(socket, endpoint)

    def _watch(self) -> None:
        self.io.watch(self._control, self._read_control)
        self.io.watch(self._monitor, self._connection_changed)
        self._ping()

    def _connection_changed(self) -> None:
        while not self.dead and self._monitor.poll(0):
            event = recv_monitor_message(self._monitor, zmq.NOBLOCK)["event"]
            if event == zmq.Event.HANDSHAKE_FAILED_AUTH:  # ZeroMQ does not try again by itself
                self.lapsed = "its machine does not let this client in any more"
                self._hang_up()
                return
            if event != zmq.Event.HANDSHAKE_SUCCEEDED:
                continue
            self._connections += 1
            if self._connections > 1:  # what was on its way when the last one broke may be lost: ask again
                self._say_alive()
                for message in list(self._asked.values()):
                    self._say(message)

    def _ping(self) -> None:
        """One small message per period keeps everything that the session holds, however much (R17.20, R17.21)."""
        if self.dead:
            return
        if time.monotonic() - self._heard > self._route.expiry:
            self.lapsed = f"nothing was heard from its machine for {self._route.expiry:g} s"
            self._hang_up()
            return
        self._say_alive()
        self.io.call_at(time.monotonic() + self._route.ping, self._ping)

    def _say_alive(self) -> None:
        self._pings += 1
        self._say(Ping(self._pings, max(1, self._connections)))
        self._say(self._giver.again())

    def _say(self, message: Message | None) -> None:
        if message is not None:
            self._put_control([encode(to_wire(message))])

    def _put_control(self, frames: list[Any]) -> None:
        """See `Session`. Without a way to the host nothing waits for one: it is said again, or it is over."""
        if not self.dead:
            with suppress(zmq.Again):
                self._control.send_multipart(frames, zmq.NOBLOCK)

    def _handle(self, message: Message, payloads: list[Any]) -> None:
        self._heard = time.monotonic()
        match message:
            case Pong():
                return
            case GiveBack():
                references = self._taker.take(message)
                self._say(self._taker.receipt())
                self._given_back(references)
            case CloseChannel(number) if self._is_cut(number):
                return  # pieces that were sent again by ZeroMQ itself followed none
            case Resumed():
                self._resolve(message.request, message)
            case GivenBack(number):
                self._say(self._giver.acknowledged(number))
            case Refuse():
                self.lapsed = f"it has ended this session: {message.message}"
                self._hang_up()
            case _:
                super()._handle(message, payloads)

    def _is_cut(self, number: int) -> bool:
        """Whether a channel is closed already, or its connection has broken."""
        return next((channel.is_cut() for channel in list(self._tied) if channel.number == number), True)

    def _hang_up(self) -> None:
        if self.dead:
            return
        self._control.disable_monitor()
        self._close_monitor(self._monitor)
        super()._hang_up()
        for channel in list(self._tied):
            channel.lifeline.hang_up()
        self._at_end()
