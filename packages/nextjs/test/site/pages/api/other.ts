import type { NextApiHandler } from "next";

const other: NextApiHandler = (_req, res) => res.status(204).end();
export default other;
