"""`/docs`: the OpenAPI document as one page of plain HTML. It needs no script and no other server."""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

import orjson

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font:.875rem ui-monospace,monospace}pre{padding:.75rem;overflow-x:auto;background:#8881}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{padding:.25rem .5rem;vertical-align:top;text-align:left;
border-top:1px solid #8884}summary{cursor:pointer;padding:.25rem 0}details{border-bottom:1px solid #8883}
details>*:not(summary){margin-left:1rem}nav a{margin-right:1rem}
.verb{display:inline-block;min-width:4rem;font-weight:600}
"""

Json = Mapping[str, Any]


def page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body>{body}</body></html>"
    )


def render(document: Json) -> str:
    """The whole documentation."""
    info = document["info"]
    intro = "".join(f"<p>{_prose(part)}</p>" for part in info["description"].split("\n\n"))
    links = (
        '<p><a href="/openapi.json">openapi.json</a> · <a href="/problems">problems</a> · '
        '<a href="/metrics">metrics</a> · <a href="/healthz/ready">ready?</a></p>'
    )
    navigation = "".join(f'<a href="#{escape(tag["name"])}">{escape(tag["name"])}</a>' for tag in document["tags"])
    body = f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>{intro}{links}<nav>{navigation}</nav>"
    return page(info["title"], body + "".join(_sections(document)) + _schemas(document))


def _sections(document: Json) -> Iterator[str]:
    for tag in document["tags"]:
        operations = "".join(
            _operation(verb, path, operation, document)
            for path, verbs in document["paths"].items()
            for verb, operation in verbs.items()
            if tag["name"] in operation["tags"]
        )
        name = escape(tag["name"])
        yield f'<h2 id="{name}">{name}</h2><p>{_prose(tag["description"])}</p>{operations}'


def _operation(verb: str, path: str, operation: Json, document: Json) -> str:
    parts = [
        f"<p>{_prose(operation['description'])}</p>",
        _parameters(operation["parameters"], document),
        _body(operation.get("requestBody")),
        _responses(operation["responses"], document),
    ]
    title = f'<span class="verb">{verb.upper()}</span> <code>{escape(path)}</code> — {escape(operation["summary"])}'
    return f'<details id="{escape(operation["operationId"])}"><summary>{title}</summary>{"".join(parts)}</details>'


def _parameters(parameters: Iterable[Json], document: Json) -> str:
    rows = "".join(_parameter(_resolved(each, document)) for each in parameters)
    return f"<table><tr><th>Parameter<th>In<th>Type<th>Meaning{rows}</table>" if rows else ""


def _parameter(parameter: Json) -> str:
    name = f"<code>{escape(parameter['name'])}</code>{' (required)' if parameter.get('required') else ''}"
    meaning = _prose(parameter.get("description", ""))
    return f"<tr><td>{name}<td>{parameter['in']}<td>{_type(parameter['schema'])}<td>{meaning}"


def _body(body: Json | None) -> str:
    if body is None:
        return ""
    content = next(iter(body["content"].values()))
    example = orjson.dumps(content["example"], option=orjson.OPT_INDENT_2).decode() if "example" in content else ""
    return f"<p>Body: {_type(content['schema'])}</p>" + (f"<pre>{escape(example)}</pre>" if example else "")


def _responses(responses: Json, document: Json) -> str:
    rows = "".join(_response(status, _resolved(each, document)) for status, each in responses.items())
    return f"<table><tr><th>Status<th>Answer<th>Headers{rows}</table>"


def _response(status: str, response: Json) -> str:
    content = next(iter(response.get("content", {}).values()), None)
    answer = f" {_type(content['schema'])}" if content else ""
    names = ", ".join(f"<code>{escape(name)}</code>" for name in response.get("headers", {}))
    return f"<tr><td>{escape(status)}<td>{_prose(response['description'])}{answer}<td>{names}"


def _schemas(document: Json) -> str:
    return "<h2>Schemas</h2>" + "".join(
        _schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())
    )


def _schema(name: str, schema: Json) -> str:
    required = frozenset(schema.get("required", ()))
    rows = "".join(
        f"<tr><td><code>{escape(each)}</code>{' (required)' if each in required else ''}<td>{_type(value)}"
        f"<td>{_prose(value.get('description', ''))}{_examples(value)}"
        for each, value in schema.get("properties", {}).items()
    )
    table = f"<table><tr><th>Field<th>Type<th>Meaning{rows}</table>" if rows else f"<p>{_type(schema)}</p>"
    head = f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary>'
    return f"{head}<p>{_prose(schema.get('description', ''))}</p>{table}</details>"


def _examples(schema: Json) -> str:
    values = ", ".join(f"<code>{escape(orjson.dumps(each).decode())}</code>" for each in schema.get("examples", ()))
    return f" Example: {values}" if values else ""


def _type(schema: Json) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    limits = [f"at most {schema['maxLength']} characters"] if "maxLength" in schema else []
    limits += [f"{schema['minimum']} to {schema['maximum']}"] if "minimum" in schema and "maximum" in schema else []
    kind = " ".join(filter(None, (schema.get("type", "any of several"), schema.get("format", ""))))
    return escape(", ".join([kind, *limits]))


def _prose(text: str) -> str:
    """Comments are Markdown of one kind only: code between backticks."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def _resolved(part: Json, document: Json) -> Json:
    if "$ref" not in part:
        return part
    found: Any = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)
