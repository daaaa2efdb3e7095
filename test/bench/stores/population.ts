/** What differs between databases in the statements that load many users at once. */
interface Dialect {
  /** A table expression `n` with a column `i` that counts up from 0. */
  readonly numbers: string;
  /** `userIdOf(i)` of `../users.ts`. */
  readonly userId: string;
  /** Any 22 characters; `user_id` is there to make them of. */
  readonly changeId: string;
}

const bio = "Metadata of a user is small, and it is read far more often than it is written. ".repeat(2);
const now = 1_795_000_000_000;

/** Statements that fill usermeta's tables, in the order of keys; each record was written once, as the log tells. */
export function populate({ numbers, userId, changeId }: Dialect): readonly string[] {
  const plan = "CASE WHEN i % 1000 = 0 THEN 'enterprise' WHEN i % 10 = 0 THEN 'pro' ELSE 'free' END";
  const documents = `'{"plan":"' || plan || '","credits":' || (i % 100) || ',"name":"User Number ' || i || '"}' AS public,
    '{"customer":"cus_' || i || '"}' AS private, '{"theme":"dark","seen":0,"bio":"${bio}"}' AS unsafe`;
  const users = `(SELECT user_id, ${documents} FROM
    (SELECT i, ${userId} AS user_id, ${plan} AS plan FROM ${numbers}) AS planned) AS users ORDER BY user_id`;
  const written = (scope: string): string => `${scope}_json, ${scope}_version, ${scope}_updated_at`;
  return [
    `INSERT INTO usermeta_records (namespace, user_id, incarnation, version, created_at,
      ${written("public")}, ${written("private")}, ${written("unsafe")})
      SELECT '', user_id, '0123456789abcdef', 1, ${now}, public, 1, ${now}, private, 1, ${now}, unsafe, 1, ${now}
      FROM ${users}`,
    `INSERT INTO usermeta_changes (namespace, user_id, version, id, at, digest, json)
      SELECT '', user_id, 1, ${changeId}, ${now}, '', '{"kind":"update","actor":"server","changes":[' ||
        '{"path":"/public","to":' || public || '},{"path":"/private","to":' || private ||
        '},{"path":"/unsafe","to":' || unsafe || '}]}' FROM ${users}`,
  ];
}
