"""What Schemathesis does not know of the API by itself."""

import json

import schemathesis


@schemathesis.serializer("application/jsonl")
def jsonl(_context, value):
    """A batch file with one item a line. The schema of this type is a text."""
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")
