"""The uploads volume: written, read and watched; what waits for it waits in threads of its own."""
