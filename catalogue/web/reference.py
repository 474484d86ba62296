"""An OpenAPI 3.1 document as plain things that a template can show: sections, operations, fields, examples. References are followed."""

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["Answer", "Field", "Operation", "Section", "sections"]

METHODS = ("get", "put", "post", "patch", "delete")
DEEPEST = 6  # levels of an example; what refers to itself ends there
SAMPLES = {
    "date": "2027-03-15",
    "date-time": "2027-03-15T09:00:00+00:00",
    "uuid": "0190b6a2-7d1c-7000-8000-000000000000",
}
Node = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body."""

    name: str
    kind: str
    place: str = ""  # of a parameter: path, query or header
    text: str = ""
    required: bool = False
    values: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True)
class Answer:
    """What may come back: "200", in words, its type, a JSON example."""

    status: str
    text: str
    media: str = ""
    example: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Operation:
    """One method of one address. *scopes*: of tokens; "" stands for no token at all."""

    anchor: str
    method: str
    path: str
    summary: str
    scopes: tuple[str, ...]
    parameters: tuple[Field, ...]
    fields: tuple[Field, ...]
    example: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Section:
    """All operations about one thing."""

    name: str
    text: str
    operations: tuple[Operation, ...]


def sections(document: Node) -> list[Section]:
    """Return the operations of *document* by tag, in the order of its tags."""
    reader = _Reader(document)
    found = [(method, path, item) for path, item in document["paths"].items() for method in METHODS if method in item]
    return [
        Section(
            tag["name"],
            tag.get("description", ""),
            tuple(reader.operation(*one) for one in found if tag["name"] in one[2][one[0]]["tags"]),
        )
        for tag in document["tags"]
    ]


class _Reader:
    """Follows the references of one document."""

    def __init__(self, document: Node) -> None:
        self.document = document

    def whole(self, node: Node) -> Node:
        """Return what *node* refers to, with what stands beside the reference, and all its allOf in one."""
        if "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = {**self.whole(target), **{name: value for name, value in node.items() if name != "$ref"}}
        if "allOf" in node:
            parts = [self.whole(part) for part in node["allOf"]] + [node]
            node = {**node, "type": "object", "properties": {}, "required": []}
            for part in parts:
                node["properties"] |= part.get("properties", {})
                node["required"] = [*node["required"], *part.get("required", [])]
        return node

    def operation(self, method: str, path: str, item: Node) -> Operation:
        """Return one method of one address."""
        told = item[method]
        servers: list[Node] = item.get("servers") or self.document["servers"]
        body = self.schema_of(told["requestBody"]) if "requestBody" in told else {}
        given = [self.whole(one) for one in (*item.get("parameters", []), *told.get("parameters", []))]
        return Operation(
            anchor=told["operationId"],
            method=method.upper(),
            path=servers[0]["url"].rstrip("/") + path,
            summary=told["summary"],
            scopes=tuple(scope for one in told["security"] for scope in (one.get("bearer") or [""])),
            parameters=tuple(self.field(one["name"], one, one.get("required", False)) for one in given),
            fields=self.fields(body),
            example=self.example(body) if body else "",
            answers=tuple(self.answer(status, self.whole(one)) for status, one in told["responses"].items()),
        )

    def schema_of(self, holder: Node) -> Node:
        """Return the schema of a body or answer; {} without one."""
        content = holder.get("content", {})
        return self.whole(next(iter(content.values()))["schema"]) if content else {}

    def fields(self, schema: Node) -> tuple[Field, ...]:
        """Return the fields of an object."""
        needed = schema.get("required", [])
        return tuple(
            self.field(name, {"schema": one}, name in needed) for name, one in schema.get("properties", {}).items()
        )

    def field(self, name: str, told: Node, required: bool) -> Field:
        """Return a parameter or a field; *told* holds its schema."""
        schema = self.whole(told["schema"])
        inner = self.whole(schema.get("items", {}))
        default = json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else ""
        return Field(
            name, self.kind(schema), told.get("in", ""), told.get("description") or schema.get("description", ""), required,
            tuple(str(value) for value in schema.get("enum") or inner.get("enum") or ()), default.strip('"'),
        )  # fmt: skip

    def kind(self, schema: Node) -> str:
        """Return a type in words of JSON: "string (date) | null"."""
        if "anyOf" in schema or "oneOf" in schema:
            return " | ".join(self.kind(self.whole(one)) for one in schema.get("anyOf") or schema["oneOf"])
        types = schema.get("type", "any")
        named = [types] if isinstance(types, str) else types
        detail = self.kind(self.whole(schema["items"])) if "items" in schema else schema.get("format", "")
        return " | ".join(f"{one} ({detail})" if detail and one != "null" else one for one in named)

    def answer(self, status: str, told: Node) -> Answer:
        """Return what may come back with *status*."""
        media = next(iter(told.get("content", {})), "")
        example = self.example(self.schema_of(told)) if media.endswith("json") else ""
        headers = tuple((name, self.whole(one).get("description", "")) for name, one in told.get("headers", {}).items())
        return Answer(status, told["description"], media, example, headers)

    def example(self, schema: Node) -> str:
        """Return JSON that has the shape of *schema*."""
        return json.dumps(self.sample(schema), ensure_ascii=False, indent=2)

    def sample(self, schema: Node, depth: int = 0) -> Any:
        """Return a value that has the shape of *schema*."""
        schema = self.whole(schema)
        for several in ("examples", "enum"):
            if schema.get(several):
                return schema[several][0]
        for single in ("default", "const"):
            if single in schema:
                return schema[single]
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return self.sample(choices[0], depth)
        types = schema.get("type", "object")
        kind = types if isinstance(types, str) else types[0]
        if kind == "object":
            inner = schema.get("properties", {}) if depth < DEEPEST else {}
            return {name: self.sample(one, depth + 1) for name, one in inner.items()}
        if kind == "array":
            return [self.sample(schema["items"], depth + 1)] if depth < DEEPEST else []
        plain: Node = {"integer": schema.get("minimum", 1), "number": 1.5, "boolean": True, "null": None}
        return plain[kind] if kind in plain else SAMPLES.get(schema.get("format", ""), "…")
