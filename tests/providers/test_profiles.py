"""Profiles: the shipped ones are whole, one's own are a file, and what is wrong in one is said with its place."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from sorapipe.planning.capabilities import CharacterWay, Per, Price
from sorapipe.providers.dialects import DIALECTS
from sorapipe.providers.profile import Pictures, Profile
from sorapipe.providers.profiles import Loaded, load_profile, names
from sorapipe.storyboard.diagnostics import render
from sorapipe.storyboard.source import Place, Span

HOUSE = """\
dialect: tasks
base_url: https://api.example.org/
key_env: HOUSE_API_KEY
account: studio-a
characters: task
currency: USD
prices_as_of: 2026-11-01
minutes: 2.5
images: data-url
fields: {seed: true, private: false}
models:
  sora-2:
    sizes: [720x1280, 1280x720]
    seconds: [10, 15]
    styles: [comic]
    extra: [cfg_scale]
    max_prompt: 5000
    price: {amount: "0.15", per: second}
    wire: {text: sora-2-text-to-video, image: sora-2-image-to-video}
    ends: 2026-09-24
limits: {creates: 5, window: 2.5, in_flight: 7, downloads: 2}
features: {list: true, metadata_echo: unknown, range: false, url_lifetime: 86400}
verify: {seconds: 0.25}
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "providers").mkdir()

    def into(text: str, name: str = "house") -> Loaded:
        Path("providers", f"{name}.yaml").write_text(text)
        return load_profile(name, Path())

    return into


def good(loaded: Loaded) -> Profile:
    assert loaded.profile is not None, render(loaded.diagnostics, loaded.sources)
    return loaded.profile


def shown(loaded: Loaded) -> str:
    assert loaded.profile is None
    return render(loaded.diagnostics, loaded.sources)


SHIPPED = [listed.name for listed in names(None)]
WITHOUT_PRICES = {"ruxa", "kie", "openai-compatible", "litellm"}  # nobody knows them: none is better than a guess


def test_a_profile_ships_for_each_of_them() -> None:
    assert SHIPPED == [
        "kie", "litellm", "openai-compatible", "ruxa", "sglang", "simulator", "simulator-jobs", "simulator-videos",
        "vllm-omni",
    ]  # fmt: skip


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_profile_is_whole(name: str) -> None:
    loaded = load_profile(name, None)
    profile = good(loaded)
    assert not list(loaded.diagnostics)
    capabilities = profile.capabilities
    assert (profile.base_url is None) == (profile.embedded or name == "openai-compatible")
    assert profile.about and "\n" not in profile.about
    assert Path(profile.path).read_text().startswith("# ")
    if name in WITHOUT_PRICES:
        assert not any(model.prices for model in capabilities.models.values())
        assert capabilities.prices_as_of is None
        return
    assert capabilities.prices_as_of
    for model in capabilities.models.values():
        lengths = {price.seconds for price in model.prices}
        assert lengths >= set(model.seconds) or lengths == {None}


def test_those_for_practice_take_the_same_in_three_dialects() -> None:
    one, *others = [good(load_profile(name, None)) for name in ("simulator", "simulator-videos", "simulator-jobs")]
    for other in others:
        assert other.capabilities.fields == one.capabilities.fields
        assert other.embedded and other.capabilities.rehearsal and other.key_env is None
        for name, model in one.capabilities.models.items():
            mine = other.capabilities.models[name]
            assert (mine.sizes, mine.styles, mine.extra, mine.max_prompt) == (
                model.sizes, model.styles, model.extra, model.max_prompt
            )  # fmt: skip
            assert mine.character_price == model.character_price
    assert [it.dialect for it in (one, *others)] == ["tasks", "videos", "jobs"]
    assert [it.capabilities.characters.value for it in (one, *others)] == ["task", "endpoint", "task"]
    assert others[0].features.list and others[0].features.metadata_echo


def test_a_market_has_names_of_its_own() -> None:
    profile = good(load_profile("kie", None))
    assert profile.wire_name("sora-2-pro") == "sora-2-pro-text-to-video"
    assert profile.wire_name("sora-2-pro", "image") == "sora-2-pro-image-to-video"
    assert profile.own_name("sora-2", "character_task") == "sora-2-characters-pro"
    assert profile.wire_size("sora-2-pro", "1792x1024") == "high"
    assert profile.wire_size("sora-2-pro", "1280x720") == "standard"
    assert profile.wire_size("sora-2", "1280x720") is None
    assert (profile.limits.creates, profile.limits.window, profile.limits.in_flight) == (20, 10, 100)
    assert profile.webhook_key_env == "KIE_WEBHOOK_KEY"
    assert {model.ends for model in profile.capabilities.models.values()} == {date(2026, 9, 24)}
    assert {model.max_prompt for model in profile.capabilities.models.values()} == {10_000}


@pytest.mark.parametrize(("name", "address"), [
    ("sglang", "http://127.0.0.1:30000"), ("vllm-omni", "http://127.0.0.1:8091"), ("litellm", "http://127.0.0.1:4000"),
])  # fmt: skip
def test_servers_of_ones_own_are_on_this_machine(name: str, address: str) -> None:
    profile = good(load_profile(name, None))
    assert profile.base_url == address
    assert profile.key_env == ("LITELLM_API_KEY" if name == "litellm" else None)
    assert not profile.capabilities.rehearsal  # their clips are real
    assert profile.capabilities.fields.isdisjoint({"style", "watermark", "private", "character_create"})


def test_the_profile_for_practice_takes_what_the_reference_page_lists() -> None:
    capabilities = good(load_profile("simulator", None)).capabilities
    assert capabilities.rehearsal
    assert capabilities.characters is CharacterWay.TASK
    assert capabilities.models["sora-2"].sizes == ("720x1280", "1280x720")
    assert capabilities.models["sora-2"].seconds == (10, 15)
    assert capabilities.models["sora-2-hd"].sizes == ("720x1280", "1280x720", "1024x1792", "1792x1024")
    assert capabilities.models["sora-2-hd"].seconds == (10, 15, 25)
    assert capabilities.models["sora-2"].styles == ("winter", "comic", "news")
    assert capabilities.fields >= {*DIALECTS["tasks"].FIELDS, "seed", "negative_prompt"}
    assert good(load_profile("simulator", None)).key_env is None


def test_the_real_one_knows_the_end_of_its_models() -> None:
    profile = good(load_profile("ruxa", None))
    assert {model.ends for model in profile.capabilities.models.values()} == {date(2026, 9, 24)}
    assert (profile.key_env, profile.base_url) == ("RUXA_API_KEY", "https://api.ruxa.ai")
    assert not profile.capabilities.rehearsal


def test_everything_that_a_profile_says_arrives(write: object) -> None:
    profile = good(write(HOUSE))  # type: ignore[operator]
    assert profile.base_url == "https://api.example.org"
    assert (profile.limits.creates, profile.limits.window) == (5, 2.5)
    assert (profile.limits.in_flight, profile.limits.downloads) == (7, 2)
    assert (profile.features.list, profile.features.metadata_echo, profile.features.range) == (True, None, False)
    assert (profile.features.credits, profile.features.url_lifetime) == (True, 86400.0)
    assert profile.verify_seconds == Decimal("0.25")
    assert profile.pictures is Pictures.DATA_URL
    assert profile.wire_name("sora-2", "image") == "sora-2-image-to-video"
    assert profile.wire_name("sora-2", "character") == "sora-2-text-to-video"
    assert profile.wire_name("other") == "other"
    capabilities = profile.capabilities
    assert (capabilities.profile, capabilities.account, capabilities.currency) == ("house", "studio-a", "USD")
    assert (capabilities.prices_as_of, capabilities.minutes) == (date(2026, 11, 1), Decimal("2.5"))
    assert capabilities.fields == (DIALECTS["tasks"].FIELDS | {"seed", "extra"}) - {"private"}
    assert (capabilities.casting.most, capabilities.in_flight) == (5, 7)
    model = capabilities.models["sora-2"]
    assert model.prices == (Price(Decimal("0.15"), Per.SECOND),)
    assert (model.extra, model.max_prompt, model.ends) == (("cfg_scale",), 5000, date(2026, 9, 24))
    assert (capabilities.default_model, capabilities.default_size, capabilities.default_seconds) == (
        "sora-2",
        "720x1280",
        10,
    )


def test_local_pictures_go_out_only_where_the_profile_says_how(write: object) -> None:
    capabilities = good(write(HOUSE.replace("images: data-url\n", ""))).capabilities  # type: ignore[operator]
    assert "input_reference" not in capabilities.fields
    assert capabilities.image_types == ()


def test_ones_own_profile_goes_over_the_one_it_extends(write: object) -> None:
    profile = good(
        write("""\
extends: ruxa
base_url: https://gate.example.org
defaults: {seconds: 15}
images: null
models:
  sora-2: {price: {amount: 0.10}, ends: null, seconds: [15]}
  sora-2-hd: null
  veo-3.1: {sizes: [1280x720], seconds: [8]}
""")  # type: ignore[operator]
    )
    capabilities = profile.capabilities
    assert profile.key_env == "RUXA_API_KEY"
    assert list(capabilities.models) == ["sora-2", "veo-3.1"]
    assert capabilities.models["sora-2"].prices == (Price(Decimal("0.10"), Per.CLIP),)
    assert capabilities.models["sora-2"].ends is None
    assert capabilities.models["sora-2"].sizes == ("720x1280", "1280x720")
    assert (capabilities.default_size, capabilities.default_seconds) == ("1280x720", 15)
    assert profile.pictures is None


def test_narrowing_a_list_needs_no_new_prices(write: object) -> None:
    assert good(write("extends: ruxa\nmodels: {sora-2-hd: {seconds: [10]}}\n"))  # type: ignore[operator]


def test_ones_own_profile_shadows_a_shipped_one_and_may_extend_it(write: object) -> None:
    text = "extends: simulator\nembedded: false\nbase_url: http://127.0.0.1:8000/\n"
    profile = good(write(text, "simulator"))  # type: ignore[operator]
    assert profile.base_url == "http://127.0.0.1:8000"
    assert profile.path == "providers/simulator.yaml"
    listed = {entry.name: entry for entry in names(Path())}
    assert (listed["simulator"].shadows, listed["simulator"].shipped) == (True, False)
    assert (listed["ruxa"].shadows, listed["ruxa"].shipped) == (False, True)


def test_an_embedded_provider_gets_its_address_when_it_is_started() -> None:
    profile = good(load_profile("simulator", None))
    assert profile.at("http://127.0.0.1:4711/").base_url == "http://127.0.0.1:4711"
    with pytest.raises(ValueError, match="only for this machine"):
        profile.at("http://192.168.1.5")


def test_an_unknown_provider_is_named_with_those_that_there_are() -> None:
    where = Span(Place("storyboard.yaml", 2, 11), 4)
    loaded = load_profile("ruxo", None, where)
    (diagnostic,) = loaded.diagnostics
    assert diagnostic.span == where
    assert diagnostic.message == "unknown provider `ruxo`"
    assert diagnostic.hint is not None
    assert diagnostic.hint.startswith("did you mean `ruxa`? there are: `kie`, `litellm`, ")


@pytest.mark.parametrize("name", ["", "..", "../ruxa", "https://evil.example", "Ruxa", "a b", "x" * 65, "-x", "ruxa\n"])
def test_a_name_is_never_a_path_or_a_url(name: str) -> None:
    (diagnostic,) = load_profile(name, None).diagnostics
    assert "is not the name of a provider" in diagnostic.message


WRONG = [
    ("extends: ruxa\nbase_url: http://evil.example\n", "providers/house.yaml:2:11: error: `base_url` must be `https://`"),
    ("extends: ruxa\nbase_url: https://x.example/?a=1\n", "house.yaml:2:11: error: `base_url` must end with its path"),
    ("extends: ruxa\nacount: x\n", "providers/house.yaml:2:1: error: a profile has no key `acount`"),
    ("extends: ruxa\nfields: {sed: true}\n", "house.yaml:2:10: error: the dialect has no field `sed`"),
    ("extends: ruxa\nfields: {sed: true}\n", "hint: did you mean `seed`?"),
    ("extends: ruxa\nfields: {cfg: true}\n", "hint: names of its own go into a model's `extra: [cfg]`"),
    ("extends: ruxa\nfields: {prompt: false}\n", "error: every provider takes a `prompt`"),
    ("extends: nowhere\n", "providers/house.yaml:1:10: error: unknown provider `nowhere`"),
    ("extends: house\n", "providers/house.yaml:1:10: error: `house` extends itself in a circle"),
    ("dialect: jobz\n", "providers/house.yaml:1:10: error: no dialect `jobz`"),
    ("base_url: https://x.example\n", "error: `dialect` is missing"),
    ("extends: kie\nmodels: {sora-2-pro: {sizes: [1280x720], wire_sizes: {720x1280: high}}}\n",
     "house.yaml:2:55: error: the model has no size `720x1280`"),
    ("dialect: tasks\nbase_url: https://x.example\n", "error: `models` is missing"),
    ("dialect: tasks\nbase_url: https://x.example\nmodels: {a: {}}\n", "`defaults` has no `size`"),
    ("extends: ruxa\ndefaults: {model: sora-3}\n", "house.yaml:2:19: error: no model `sora-3`"),
    ("extends: ruxa\ndefaults: {size: 1024x1792}\n", "house.yaml:2:18: error: the model has no size `1024x1792`"),
    ("extends: ruxa\ndefaults: {seconds: 12}\n", "house.yaml:2:21: error: the model has no seconds `12`"),
    ("extends: ruxa\ncharacters: openai\n", "error: dialect `tasks` has no `characters: openai`"),
    ("extends: ruxa\nimages: file\n", "error: dialect `tasks` has no `images: file`"),
    ("extends: ruxa\nprices_as_of: 2026-02-30\n", "house.yaml:2:15: error: `2026-02-30` is not a date"),
    ("extends: ruxa\nmodels: {a: {sizes: [1x]}}\n", "house.yaml:2:22: error: a size is WIDTHxHEIGHT"),
    ("extends: ruxa\nmodels: {a b: {}}\n", "error: `a b` is not the name of a model"),
    ("extends: ruxa\nmodels: {sora-2: {price: {amount: -1}}}\n", "house.yaml:2:35: error:"),
    ("extends: ruxa\nlimits: {creates: 0}\n", "house.yaml:2:19: error: `creates` is at least 1"),
    ("extends: ruxa\nembedded: no\n", "house.yaml:2:11: error: `embedded` is `true` or `false`"),
    (HOUSE.replace("per: second", "seconds: 12"), "error: the model has no seconds `12`"),
    ("- a\n", "providers/house.yaml:1:1: error:"),
    ("", "providers/house.yaml:1:1: error:"),
    ("a: [\n", "error:"),
    ("extends: ruxa\nfeatures: {metadata_echo: no}\n", "this is `true`, `false` or `unknown`"),
    ("extends: !!python/object:os.system ruxa\n", "error:"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_is_said_with_its_place(write: object, text: str, said: str) -> None:
    assert said in shown(write(text))  # type: ignore[operator]


def test_all_that_is_wrong_is_said_at_once(write: object) -> None:
    text = """\
extends: ruxa
acount: x
base_url: http://evil.example
dialect: jobz
images: file
fields: {sed: true}
prices_as_of: 2026-02-30
characters: telepathy
models:
  sora-2: {ends: 2026-13-01, price: {amount: -1}}
  a b: {}
limits: {creates: 0}
"""
    loaded = write(text)  # type: ignore[operator]
    assert loaded.profile is None
    lines = [one.span.place.line for one in loaded.diagnostics if one.span is not None]
    assert lines == [2, 3, 4, 7, 8, 10, 10, 11, 12]  # without a dialect nobody knows its fields and pictures


def test_what_only_follows_from_another_mistake_is_not_said(write: object) -> None:
    loaded = write("dialect: tasks\nbase_url: https://x.example\nmodels: {a: {sizes: 12, seconds: [10]}}\n")  # type: ignore[operator]
    assert len(list(loaded.diagnostics)) == 1


def test_without_an_address_a_profile_is_there_to_be_extended(write: object) -> None:
    text = "dialect: tasks\nmodels: {a: {sizes: [1280x720], seconds: [10]}}\n"
    assert good(write(text)).base_url is None  # type: ignore[operator]
    more = "extends: openai-compatible\nbase_url: https://api.example.org\nkey_env: HOUSE_API_KEY\n"
    profile = good(write(more, "gate"))  # type: ignore[operator]
    assert (profile.base_url, profile.key_env) == ("https://api.example.org", "HOUSE_API_KEY")
    assert profile.capabilities.characters is CharacterWay.OPENAI


def test_a_model_has_one_name_for_all_clips_or_one_for_each_kind(write: object) -> None:
    profile = good(write("extends: ruxa\nmodels: {sora-2: {wire: turbo}, sora-2-hd: {wire: {character: maker}}}\n"))  # type: ignore[operator]
    assert [profile.wire_name("sora-2", kind) for kind in ("text", "image")] == ["turbo", "turbo"]
    assert profile.own_name("sora-2", "character") is None
    assert profile.wire_name("sora-2-hd") == "sora-2-hd"
    assert profile.own_name("sora-2-hd", "character") == "maker"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("extends: ruxa\nwebhook_key_env: sk-secret-123\n", "line 2: `webhook_key_env` is the name of an environment"),
        ("extends: ruxa\nacount: x\nkey_env: sk-secret-123\n", "line 3: `key_env` is the name of an environment"),
        ("extends: ruxa\nkey_env: sk-secret-123\n", "line 2: `key_env` is the name of an environment variable"),
        ("extends: ruxa\nbase_url: https://me:sk-secret-123@x.example\n", "line 2: `base_url` must not hold a user"),
    ],
)  # fmt: skip
def test_a_key_in_the_wrong_place_is_not_repeated(write: object, text: str, said: str) -> None:
    message = shown(write(text))  # type: ignore[operator]
    assert said in message
    assert "sk-secret-123" not in message


def test_a_file_that_is_no_text_is_a_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "providers").mkdir()
    (tmp_path / "providers" / "house.yaml").write_bytes(b"\xff\xfe\x00")
    assert load_profile("house", tmp_path).diagnostics.has_errors


def test_the_schema_describes_every_key_with_an_example() -> None:
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "profile.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)

    def look(node: dict[str, object], path: str) -> None:
        for name, inner in dict(node.get("properties", {})).items():  # type: ignore[call-overload]
            assert inner.get("description"), f"{path}.{name}"
            assert inner.get("examples"), f"{path}.{name}"
            for example in inner["examples"]:
                jsonschema.Draft7Validator(inner).validate(example)
            look(inner, f"{path}.{name}")
        for key in ("additionalProperties", "items"):
            if isinstance(node.get(key), dict):
                look(node[key], f"{path}.{key}")  # type: ignore[arg-type]

    look(schema, "profile")
