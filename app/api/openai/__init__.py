"""The OpenAI audio API over ordinary transcriptions: what its fields mean here, and answers in its shapes."""

OPENAI_PREFIX = "/v1/"
