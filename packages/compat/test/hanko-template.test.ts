import { hankoTemplate } from "@usermeta/compat";
import { type JsonObject, jwtVerifier } from "@usermeta/core";
import { memoryKeys, sessionIssuer } from "@usermeta/issuer";
import { describe, expect, it } from "vitest";

const gamer = {
  userId: "48986f51-d9c8-4f22-89e9-fb7fab959399",
  mv: "0123456789abcdef.1",
  public: {
    display_name: "GamerDude",
    level: 42,
    huge: 1.5e21,
    tiny: 2e-7,
    beta: true,
    nothing: null,
    "fav.movie": "Deer Hunter",
    favorite_games: [
      { name: "Legends of Valor", genre: "RPG", playtime_hours: 142.3, tags: ["long", "fun"], done: true },
      { name: "Space Raiders", genre: "Sci-Fi Shooter", playtime_hours: 87.6, tags: ["fast"], done: false },
      { name: "Unplayed" },
    ],
    scores: [3, 10, 7],
  },
  unsafe: { ui_theme: "dark", looks_like: "true" },
};

const claimOf = (template: JsonObject[string], user = gamer) => hankoTemplate({ claim: template })(user)["claim"];
const path = (gjson: string) => claimOf(`{{ .User.Metadata.Public ${JSON.stringify(gjson)} }}`);

describe("Hanko's claim templates", () => {
  it("keep what is no text, and go through objects and arrays", () => {
    const fixed = { text: "foo", number: 123, list: ["a", 1, true, null], object: { a: { b: [{}] } } };
    expect(hankoTemplate(fixed)(gamer)).toEqual(fixed);
    expect(claimOf({ a: ["{{ .User.UserID }}", { b: '{{ .User.Metadata.Unsafe "ui_theme" }}' }] })).toEqual({
      a: [gamer.userId, { b: "dark" }],
    });
  });

  it.each([
    ["display_name", "GamerDude"],
    ["favorite_games.#(playtime_hours>100)", gamer.public.favorite_games[0]],
    ["favorite_games.#.genre", ["RPG", "Sci-Fi Shooter"]],
    ["favorite_games", gamer.public.favorite_games],
    ["favorite_games.#", "3"],
    ["favorite_games.1.name", "Space Raiders"],
    ["favorite_games.9.name", ""],
    ["favorite_games.#(playtime_hours>1000).name", ""],
    ['favorite_games.#(genre=="RPG").name', "Legends of Valor"],
    ["favorite_games.#(genre==RPG).name", "Legends of Valor"],
    ['favorite_games.#(genre!="RPG").name', "Space Raiders"],
    ['favorite_games.#(name%"*Raid*").genre', "Sci-Fi Shooter"],
    ['favorite_games.#(name!%"L*")#.name', ["Space Raiders", "Unplayed"]],
    ["favorite_games.#(playtime_hours<=142.3)#.name", ["Legends of Valor", "Space Raiders"]],
    ["favorite_games.#(playtime_hours)#.name", ["Legends of Valor", "Space Raiders"]],
    ["favorite_games.#(done==true).name", "Legends of Valor"],
    ['favorite_games.#(tags.#(=="fast")).name', "Space Raiders"],
    ["favorite_games.#.tags.#", [2, 1]],
    ["favorite_games.#.tags.0", ["long", "fast"]],
    ["scores.#(>5)#", [10, 7]],
    ["scores.#(>5)", "10"],
    ["fav\\.movie", "Deer Hunter"],
    ["fav*", "Deer Hunter"],
    ["displ?y_name", "GamerDude"],
    ["favorite_games|0|genre", "RPG"],
    ["@this.level", "42"],
    ["level", "42"],
    ["huge", "1500000000000000000000"],
    ["tiny", "0.0000002"],
    ["beta", true],
    ["nothing", ""],
    ["missing", ""],
    ["display_name.deeper", ""],
    ["constructor", ""],
    ["__proto__", ""],
  ])("read the path %s", (gjson, expected) => {
    expect(path(gjson)).toEqual(expected);
  });

  it("give the whole of a scope without a path, and join several", () => {
    expect(claimOf("{{ .User.Metadata.Unsafe }}")).toEqual(gamer.unsafe);
    expect(claimOf('{{ .User.Metadata.Public "favorite_games" "0" "name" }}')).toBe("Legends of Valor");
    expect(claimOf("{{ .User.Metadata }}")).toEqual({ public_metadata: gamer.public, unsafe_metadata: gamer.unsafe });
    expect(claimOf("{{ .User }}")).toEqual({
      user_id: gamer.userId,
      username: "",
      metadata: { public_metadata: gamer.public, unsafe_metadata: gamer.unsafe },
      name: "",
      family_name: "",
      given_name: "",
      picture: "",
    });
  });

  it.each([
    ['Hello {{ .User.Metadata.Public "display_name" }}!', "Hello GamerDude!"],
    ['{{ .User.Metadata.Public "display_name" | printf "Hello %s, 100%%" }}', "Hello GamerDude, 100%"],
    ['{{ "level" | .User.Metadata.Public }}', "42"],
    ['{{if .User.Metadata.Public "beta"}}Beta{{else}}Stable{{end}} user', "Beta user"],
    ["{{if .User.Username}}{{.User.Username}}{{else if .User.Email}}mail{{else}}nobody{{end}}", "nobody"],
    ['{{ if eq (.User.Metadata.Public "level") "41" "42" }}{{ if not .User.Name }}both{{ end }}{{ end }}', "both"],
    ['{{ ne "a" "b" }}', true],
    ['{{ or .User.Name (.User.Metadata.Unsafe "ui_theme") "light" }}', "dark"],
    ['{{ and .User.UserID "yes" }}', "yes"],
    ["a {{- /* a remark with }} in it */ -}} b", "ab"],
    [
      '\n\t{{- if .User.Name -}}\n named\n {{- else -}}\n unnamed\n{{ end }} user {{ `raw "text"` }}',
      'unnamed\n user raw "text"',
    ],
    ["{{ .User.Email }}{{ .User.Picture }}", ""],
    ['{{ .User.Metadata.Unsafe "looks_like" }}', true],
    ["{not json}", "{not json}"],
    ['[1, {{ .User.Metadata.Public "level" }}]', [1, 42]],
  ])("render %s", (template, expected) => {
    expect(claimOf(template)).toEqual(expected);
  });

  it("leave out claims that Go refuses, and keep the others", () => {
    const claims = hankoTemplate({
      kept: "Hello {{ .User.UserID }}",
      unclosed: "Hello {{ .User.UserID }",
      field: "Hello {{ .User.Surname }}",
      method: '{{ .User.Metadata.Private "private_key" }}',
      nil: "{{ .User.Email.Address }}",
      inherited: "{{ .User.constructor }}",
      function: "{{ explode .User }}",
      end: "{{ if .User }}open",
      else: "{{ else }}",
      type: "{{ eq .User.UserID 1 }}",
      arguments: '{{ .User.UserID "x" }}',
      nested: { deep: ["{{ .User.Surname }}"] },
    });
    expect(claims(gamer)).toEqual({ kept: `Hello ${gamer.userId}` });
  });

  it("leave out every claim on the metadata of a user who has none, and read an empty scope as nothing", () => {
    const claims = hankoTemplate({
      plan: '{{ .User.Metadata.Public "plan" }}',
      all: "{{ .User.Metadata }}",
      id: "{{ .User.UserID }}",
    });
    expect(claims({ ...gamer, public: {}, unsafe: {} })).toEqual({ all: "", id: gamer.userId });
    expect(claims({ ...gamer, public: {} })).toEqual({
      plan: "",
      all: { unsafe_metadata: gamer.unsafe },
      id: gamer.userId,
    });
  });

  it.each([
    "{{ range .User }}{{ end }}",
    "{{ with .User }}{{ end }}",
    "{{ $x := .User }}",
    "{{ len .User.UserID }}",
    '{{ printf "%q" .User.UserID }}',
    '{{ .User.Metadata.Public "a.@reverse" }}',
    '{{ .User.Metadata.Public "{a,b}" }}',
    '{{ .User.Metadata.Public "a.#(b>1" }}',
    '{{ .User.Metadata.Public "a.#(b==~true)" }}',
  ])("refuse %s at once: Hanko would take it", (template) => {
    expect(() => hankoTemplate({ claim: template })).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });

  it("stand in the tokens that the issuer signs, by its own rules for claims", async () => {
    const claims = hankoTemplate({
      level: '{{ .User.Metadata.Public "level" }}',
      gone: "{{ .User.Surname }}",
      list: [1],
    });
    const identity = { issuer: "https://id.example", audience: "https://api.example" };
    const issuer = sessionIssuer({ ...identity, keys: memoryKeys(), claims });
    const { token } = await issuer.issue({ user: gamer });
    const { keys } = await issuer.keySet();
    const session = await jwtVerifier({ ...identity, keys: [...keys] })(token);
    expect(session.claims).toMatchObject({ sub: gamer.userId, level: "42", list: [1] });
    expect(session.claims).not.toHaveProperty("gone");
  });

  it("never show private metadata, whatever they are given", () => {
    const user = { ...gamer, private: { ssn: "1" } };
    expect(JSON.stringify(hankoTemplate({ a: "{{ .User }}", b: "{{ .User.Metadata }}" })(user))).not.toContain("ssn");
  });
});
