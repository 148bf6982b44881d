"""The HTTP and WebSocket interface: aiohttp, routes by resource. Never imports an engine."""
