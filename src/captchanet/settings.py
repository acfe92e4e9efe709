"""Settings as types: the keys and values that a section of a configuration may have, checked once.

A stage defines its settings as a class derived from `Settings`. A field that names a method and its options,
such as `{method: sgd, epochs: 200}`, is a `Method`, and `OneOf` says which methods there are. The options
of a method are the keyword-only arguments of its function, or the fields of the dataclass that it is: a new
method is one definition and one entry in its registry.
"""

import dataclasses
import difflib
import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Literal, ParamSpec, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, ErrorDetails, PydanticCustomError, core_schema

from captchanet.errors import UserError
from captchanet.types import Json

P = ParamSpec("P")
R = TypeVar("R")


class Settings(BaseModel):
    """Keys and values of one section, each of its type; keys that are left out take their default.

    Lists become tuples. Where a number, true, false or null is expected, a text such as "0.1" or "true" is
    read as that: YAML takes 1e-3 for a text, and on Snakemake's command line all nested values are texts.
    """

    renamed: ClassVar[Mapping[str, str]] = {}
    """The new names of keys of format 1. An error gives them to users of the old ones."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    @classmethod
    def of(cls, given: Any, place: str = "") -> Self:
        """Settings from `given`, which is checked.

        Parameters
        ----------
        given : mapping of str to Any
            The section as it stands in a file.
        place : str
            What stands before a key in an error: `configuration: ` or `sweeps.widths: train.`.

        Raises
        ------
        UserError
            It names the key, what was found and what is allowed.
        """
        with explained(given, place):
            return cls.model_validate(given)

    def dump(self) -> Json:
        """The same as JSON-ready keys and values, in the order of the fields."""
        return self.model_dump(mode="json")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:
        if isinstance(given, cls):
            return given
        if not isinstance(given, Mapping):
            raise wrong("", f"found {given!r}; expected keys and values below it")
        for name in _names(given):
            if name not in cls.model_fields:
                raise wrong(*cls._unknown(name))
        return given

    @classmethod
    def _unknown(cls, name: str) -> tuple[str, str]:
        known = list(cls.model_fields)
        near = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        if name in cls.renamed:
            hint = f"; since format 2 it is called {cls.renamed[name]}"
        return "", f"unknown key {name!r}; allowed: {', '.join(known)}{hint}"

    @field_validator("*", mode="wrap")
    @classmethod
    def _spelled_out(cls, value: Any, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        hint = cls.model_fields[str(info.field_name)].annotation
        try:
            return check(_understood(value, hint))
        except ValidationError as error:
            details = _details(error)
            about_it = [one for one in details if not _place(one["loc"], value)]
            if details[0] not in about_it or details[0]["type"] not in EXPECTED:
                raise
            # said here, where the value is still as it was given and it is known whether it may be null
            expected = _all_expected(about_it)
            if types.NoneType in _members(hint) and _rank(details[0]) == WRONG_TYPE:
                expected += " or null"
            raise wrong("", f"found {value!r}; expected {expected}") from error


class Method(Settings):
    """A method by its name, and its options as further fields. A call calls the method with the options."""

    # the fields of a class that is made from a method stand in no source: pydantic would search long, in vain
    model_config = ConfigDict(use_attribute_docstrings=False)
    function: ClassVar[Callable[..., Any]]
    method: str

    @property
    def options(self) -> Json:
        """The options by name, without the method's name."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "method"}

    def __call__(self, *given: Any, **others: Any) -> Any:
        """The result of the method for its options and the arguments of the program.

        An argument in `others` that has the name of an option replaces it.
        """
        options = {**self.options, **others}
        if not inspect.isclass(self.function):
            return self.function(*given, **options)
        of_call = {name: options.pop(name) for name in others if name not in _options(self.function)}
        method: Any = self.function(**options)
        return method(*given, **of_call)

    def made(self) -> Any:
        """The result of the method for its options alone."""
        return self.function(**self.options)

    def takes(self, name: str) -> bool:
        """Whether the method can be called with an argument of this name."""
        if name in _options(self.function):
            return True
        call = self.function.__call__ if inspect.isclass(self.function) else self.function
        return name in inspect.signature(call).parameters

    @classmethod
    def _unknown(cls, name: str) -> tuple[str, str]:
        allowed = ", ".join(option for option in cls.model_fields if option != "method") or "none"
        return name, f"not known here; the options of {cls.model_fields['method'].default} are: {allowed}"


@dataclasses.dataclass(frozen=True, eq=False)
class OneOf:
    """Which methods a field of the type `Method` can name: `Annotated[Method, OneOf(CLEANERS)]`.

    `given` are arguments that the program itself passes. A configuration must not name them.
    `renamed` has the new names of methods and options of format 1.
    """

    registry: Mapping[str, Callable[..., Any]]
    given: tuple[str, ...] = ()
    renamed: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __call__(self, name: str, **options: Any) -> Method:
        """The method with that name, and the defaults of the options that are left out."""
        return self.of({"method": name, **options})

    def of(self, given: Any, place: str = "") -> Method:
        """The method that is `given` by its name and options; errors as in `Settings.of`."""
        with explained(given, place):
            return self._check(given)

    def _check(self, value: Any) -> Method:
        if isinstance(value, Method):
            return value
        if not isinstance(value, Mapping):
            raise wrong(
                "", f"found {value!r}; expected `method: NAME` and options, as keys and values below it"
            )
        names = list(_names(value))
        name = value.get("method")
        if not isinstance(name, str) or name not in self.registry:
            now = self.renamed.get(str(name))
            hint = f"; since format 2 it is called {now}" if now else ""
            raise wrong("method", f"found {name!r}; choose one of {', '.join(self.registry)}{hint}")
        for option in names:
            if option in self.renamed:
                raise wrong(option, f"since format 2 it is called {self.renamed[option]}")
        return _settings_of(name, self.registry[name], self.given).model_validate(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # the registry is read at each check, so it may grow later
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        methods = [_settings_of(name, method, self.given) for name, method in self.registry.items()]
        return {"type": "object", "required": ["method"], "oneOf": [_described(method) for method in methods]}


@dataclasses.dataclass(frozen=True, eq=False)
class Name:
    """Which names a field of the type str can have: those of a registry, `Annotated[str, Name(COSTS)]`."""

    registry: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.registry))


def wrong(key: str, sentence: str) -> PydanticCustomError:
    """The error to raise in a check of a `Settings`: a `sentence` about its `key`, or about all with ""."""
    return PydanticCustomError("captchanet", "{sentence}", {"key": key, "sentence": sentence})


def _names(given: Mapping[Any, Any]) -> Iterator[str]:
    """The names in a section, in their order; an error at the first that is no text."""
    for name in given:
        if not isinstance(name, str):
            # `{learning_rate: 0,5}` has a second key 5
            cut = isinstance(name, int) and given[name] is None
            hint = "a decimal number has a point, as in 0.5" if cut else "put names in quotes"
            raise wrong("", f"found the name {name!r}; {hint}")
        if re.fullmatch(r"\w+:\S.*", name) and given[name] in (None, ""):
            raise wrong("", f"found the name {name!r} without a value; put a space behind the colon")
        yield name


def check(method: Callable[..., Any], options: Json) -> None:
    """Check the options of a method by its annotations, as a configuration's are; raise UserError."""
    with explained(options):
        _settings_of(method.__name__, method, ()).model_validate(options)


def checked(method: Callable[P, R]) -> Callable[P, R]:
    """Let a function check its options at each call, also where Python calls it without a configuration."""

    @functools.wraps(method)
    def call(*given: P.args, **options: P.kwargs) -> R:
        check(method, options)
        return method(*given, **options)

    # a configuration calls this one, since it has checked the options already
    call.unchecked = method  # type: ignore[attr-defined]
    return call


@functools.cache
def _settings_of(name: str, function: Callable[..., Any], given: tuple[str, ...]) -> type[Method]:
    """The class of a method and its options, made from the method itself."""
    fields: dict[str, Any] = {"method": (Literal[name], name)}
    for option, (hint, default) in _options(function).items():
        if option not in given:
            fields[option] = (hint, Field(default, validate_default=True) if default is not ... else ...)
    made = create_model(name, __base__=Method, **fields)
    made.function = staticmethod(getattr(function, "unchecked", function))
    return made


def _options(function: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """The options of a method by name: the annotation, and the default or `...`."""
    hints = typing.get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters.values()
    return {
        each.name: (hints.get(each.name, Any), ... if each.default is each.empty else each.default)
        for each in parameters
        if inspect.isclass(function) or each.kind is each.KEYWORD_ONLY
    }


def _described(method: type[Method]) -> Json:
    """The JSON schema of a method, with the text of its docstring about each option."""
    schema = method.model_json_schema()
    text = inspect.getdoc(method.function) or ""
    schema["description"] = text.split("\n\n")[0].replace("\n", " ")
    schema["required"] = ["method", *schema.get("required", [])]
    schema["properties"]["method"]["description"] = schema["description"]
    told = documented(text)
    for option, about in schema["properties"].items():
        if option in told:
            about["description"] = told[option]
    return schema


def documented(text: str) -> dict[str, str]:
    """The text about each parameter in a docstring in NumPy's form."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", text, re.DOTALL | re.MULTILINE)
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", section[1].strip()) if section else ():
        head, _, body = entry.partition("\n")
        for name in head.split(" : ")[0].split(","):
            found[name.strip()] = " ".join(body.split())
    return found


def _members(hint: Any) -> list[Any]:
    """The types of an annotation: those of a union, or the one that it is."""
    while typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    union = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    return [m for each in (typing.get_args(hint) if union else (hint,)) for m in _plain(each)]


def _understood(value: Any, hint: Any) -> Any:
    """`value` with texts turned into what they spell, if `hint`, an annotation, wants that."""
    members = _members(hint)
    if types.NoneType in members and value in (None, "null"):
        return None
    for member in members:
        origin, inner = typing.get_origin(member), typing.get_args(member)
        if origin is tuple and isinstance(value, str | list | tuple):
            value = _listed(value)
            if not isinstance(value, list | tuple):
                return _spelled(value, members)
            kinds = inner if Ellipsis not in inner else inner[:1] * len(value)
            if len(kinds) != len(value):
                raise wrong("", f"found {value!r}; expected a list of {len(kinds)} values")
            return tuple(map(_understood, value, kinds))
        section = origin is dict or (inspect.isclass(member) and issubclass(member, Settings))
        if section and value in (None, "null", ""):
            return {}
        if origin is dict and isinstance(value, Mapping):
            return {name: _understood(each, inner[1]) for name, each in value.items()}
    return _spelled(value, members)


def _plain(hint: Any) -> Iterable[Any]:
    while typing.get_origin(hint) is Annotated:
        hint = typing.get_args(hint)[0]
    return {type(each) for each in typing.get_args(hint)} if typing.get_origin(hint) is Literal else (hint,)


def _listed(value: Any) -> Any:
    """A list, also where it is given as a text."""
    if not isinstance(value, str):
        return value
    import yaml  # slow, few jobs need it, and a sweep starts hundreds of jobs

    try:
        return yaml.safe_load(value)
    except yaml.YAMLError:
        return value


def _spelled(value: Any, kinds: Iterable[Any]) -> Any:
    """A text as a number or a truth value, and 200.0 as 200, where `kinds` has that type."""
    kinds = set(kinds)
    if bool in kinds and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not kinds & {int, float} or not isinstance(value, str | float):
        return value
    if isinstance(value, str):
        # int first: it keeps every digit
        for number in (int, float):
            try:
                value = number(value)
                break
            except ValueError:
                continue
    # where both may stand, they differ: `unseen: 1.0` would be all, and `unseen: 1` is one captcha
    whole = int in kinds and float not in kinds and isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


@contextmanager
def explained(given: Any, place: str = "") -> Iterator[None]:
    """A block whose errors of a check of `given` become one sentence, with `place` before the key."""
    try:
        yield
    except PydanticCustomError as error:
        about = error.context or {}
        raise UserError(f"{place}{about['key']}: {about['sentence']}".removeprefix(": ")) from error
    except ValidationError as error:
        key, sentence = _told(_details(error), given)
        where = f"{place}{key}" if key else place.rstrip(". :")
        raise UserError(f"{where}: {sentence}" if where else sentence) from error


WRONG_TYPE = 2


def _rank(error: ErrorDetails) -> int:
    if error["type"] == "captchanet" or error["loc"][-1:] == ("[key]",):
        return 0
    # pydantic counts only the items of a list that are of its type
    return 3 if error["type"] == "too_short" else WRONG_TYPE if error["type"].endswith("_type") else 1


def _details(error: ValidationError) -> list[ErrorDetails]:
    """The errors, the most telling first.

    An unknown key may be the reason for a missing one; a wrong value says more than a wrong type, and a wrong
    item more than a wrong list.
    """
    found = [one for one in error.errors(include_url=False) if one["type"] != "callable_type"]
    return sorted(found, key=lambda one: (_rank(one), -len(one["loc"])))


def _told(errors: list[ErrorDetails], given: Any) -> tuple[str, str]:
    """The key that the first error is about, and what is wrong with it."""
    first = errors[0]
    place, about, found = _place(first["loc"], given), first.get("ctx", {}), f"found {first['input']!r}; "
    if first["type"] == "captchanet":
        place, sentence = [*place, *filter(None, [about["key"]])], about["sentence"]
    elif first["type"] == "missing":
        # the section may be empty: then there is nothing in `given` to follow
        place = list(first["loc"])
        of = _at(given, place[:-1])
        if isinstance(of, Mapping) and "method" in of:
            sentence = f"{of['method']} needs this option; give it a value"
        else:
            place, sentence = place[:-1], f"the key {place[-1]!r} is missing"
    elif place and place[-1] == "[key]":
        place = place[:-2]
        sentence = f"{found}expected {_expected(first)}"
        if first["type"] == "string_type":
            sentence = f"found the name {first['input']!r}; put names in quotes"
        if first["type"] == "string_pattern_mismatch":
            allowed = "letters, digits and . _ = , + - only, a letter or digit first"
            sentence = f"found the name {first['input']!r}; use {allowed}"
    elif first["type"] == "literal_error":
        allowed = re.sub("'([^']*)'", r"\1", about["expected"]).replace(" or ", ", ")
        sentence = f"{found}choose one of {allowed}"
    else:
        alike = [one for one in errors if _place(one["loc"], given) == place]
        sentence = f"{found}expected {_all_expected(alike)}"
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return path.removeprefix("."), sentence


EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "keys and values below it",
    "finite_number": "a number",
    "float_type": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "int_type": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_pattern_mismatch": "a text of the form {pattern}",
    "string_too_long": "a length of at most {max_length}",
    "string_too_short": "a length of at least {min_length}",
    "string_type": "text",
    "too_long": "a list of {max_length} values",
    "too_short": "at least {min_length} entries",
    "tuple_type": "a list",
}
"""What is expected, by pydantic's name of the error."""


def _all_expected(errors: list[ErrorDetails]) -> str:
    """What the errors of one value expect: pydantic has one for each type of a union."""
    alike = [one for one in errors if _rank(one) == _rank(errors[0])]
    return " or ".join(dict.fromkeys(map(_expected, alike)))


def _expected(error: ErrorDetails) -> str:
    # a key may have the limit 0 as a whole number and 0.0 as any number: it is shown once
    about = {name: _spelled(value, (int,)) for name, value in error.get("ctx", {}).items()}
    return EXPECTED.get(error["type"], error["msg"]).format(**about)


def _place(loc: tuple[str | int, ...], given: Any) -> list[str | int]:
    """Where in `given` an error stands, without the types of a union, which pydantic puts in between."""
    place: list[str | int] = []
    for part in loc:
        here = _at(given, place)
        there = (isinstance(here, Mapping) and part in here) or (
            isinstance(here, list | tuple | str) and isinstance(part, int)
        )
        if there or part == "[key]":
            place.append(part)
    return place


def _at(given: Any, place: Iterable[str | int]) -> Any:
    for part in place:
        listed = isinstance(given, list | tuple) and isinstance(part, int)
        given = given[part] if listed or (isinstance(given, Mapping) and part in given) else None
    return given
