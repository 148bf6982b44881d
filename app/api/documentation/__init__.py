"""What the contracts say, written for readers: the OpenAPI document, the pages, the table of roles."""
