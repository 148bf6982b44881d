"""The interface of the first Vocalyx over what is here: its clients' fields, and answers in its shapes."""
