"""Connections to the departments: one channel each, which finds its department again after that was restarted."""

import asyncio
import json
from collections.abc import Mapping

import grpc

from runtime.errors import NO_SUCH_METHOD, UNAVAILABLE, failure
from runtime.tls import Tls

#: A department that went away is looked for again soon and for ever; one that says nothing any more is asked whether
#: it lives. `runtime/grpc_server.py` allows these questions.
KEEPALIVE_MS = 20_000
_OPTIONS = {
    "grpc.max_receive_message_length": -1,
    "grpc.keepalive_time_ms": KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.http2.max_pings_without_data": 0,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 1_000,
    # Its name misleads: this is how long one attempt may take. A shorter one never ends well on a busy machine.
    "grpc.min_reconnect_backoff_ms": 10_000,
    "grpc.dns_min_time_between_resolutions_ms": 5_000,
    # Where a name has several addresses, all of them are asked in turn.
    "grpc.service_config": json.dumps({"loadBalancingConfig": [{"round_robin": {}}]}),
}

#: What still runs on a channel whose certificates were replaced may end by itself for so long.
GRACE_S = 60.0


class Channels:
    """Channels by department; `addresses` are `host:port`. They connect when they are first asked for."""

    def __init__(self, addresses: Mapping[str, str], tls: Tls | None = None) -> None:
        self._addresses = addresses
        self._tls = tls
        self._stamp = tls.stamp() if tls else ()
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def departments(self) -> list[str]:
        return list(self._addresses)

    def of(self, department: str) -> grpc.aio.Channel:
        """The department's channel. Raises `RpcError` for one that has no address."""
        self._renew()
        if department not in self._channels:
            address = self._addresses.get(department)
            if address is None:
                raise failure(NO_SUCH_METHOD, f"there is no department {department}")
            self._channels[department] = self._open(address)
        return self._channels[department]

    async def reached(self, department: str, timeout_s: float) -> grpc.aio.Channel:
        """The channel, connected. Raises `RpcError` when nobody answers in time: nothing was sent then."""
        channel = self.of(department)
        if channel.get_state(try_to_connect=True) is not grpc.ChannelConnectivity.READY:
            try:
                await asyncio.wait_for(channel.channel_ready(), timeout_s)
            except TimeoutError:
                raise failure(UNAVAILABLE, f"{department} is out of reach at the moment") from None
        return channel

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()
        for closing in self._closing:
            closing.cancel()

    def _open(self, address: str) -> grpc.aio.Channel:
        options = list(_OPTIONS.items())
        if self._tls is None:
            return grpc.aio.insecure_channel(address, options)
        return grpc.aio.secure_channel(address, self._tls.of_a_caller(), options)

    def _renew(self) -> None:
        """Connect anew once certificates were replaced; what runs on the old channels goes on for a while."""
        if self._tls is None or (stamp := self._tls.stamp()) == self._stamp:
            return
        self._stamp = stamp
        for channel in self._channels.values():
            closing = asyncio.create_task(channel.close(GRACE_S), name="channel with old certificates")
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        self._channels.clear()
