"""A Flask app behind a tunnel. It listens on this machine only, where the agent is, and so reads the plain headers."""

from urllib.parse import unquote

from flask import Flask, Response, request

app = Flask(__name__)


def visitor() -> str:
    """The address of the visitor: what is not visible ASCII arrives percent-encoded."""
    return unquote(request.headers.get("X-Forwarded-Email", ""))


@app.get("/")
def hello() -> Response:
    return Response(f"Hello {visitor() or 'nobody'}\n", mimetype="text/plain")


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=5000)
