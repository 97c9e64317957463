// Makes a customer's calls with the generated operations, and prints what came of them as one JSON object.

import { Makegood } from "makegood";

const asked = JSON.parse(process.argv[2] ?? "") as { base_url: string; token: string; account: string };
const { api } = new Makegood({ baseUrl: asked.base_url, token: () => asked.token });
const path = { account: asked.account };

function succeeded<T>({ data, error }: { data?: T; error?: unknown }): T {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}

const balance = succeeded(await api.GET("/v1/accounts/{account}/credits", { params: { path } }));
const page = async (cursor: string | null) => {
  const query = { limit: 1, ...(cursor && { cursor }) };
  return succeeded(await api.GET("/v1/accounts/{account}/entries", { params: { path, query } }));
};
const first = await page(null);
const second = await page(first.next_cursor);
const { payments } = succeeded(await api.GET("/v1/accounts/{account}/payments", { params: { path } }));
const file = async () =>
  succeeded(
    await api.POST("/v1/accounts/{account}/refund-requests", {
      params: { path, header: { "Idempotency-Key": "order-17" } },
      body: { reason: "changed_mind", payment: payments[0]?.payment ?? "" },
    }),
  );
const [filed, again] = [await file(), await file()];
const shown = succeeded(
  await api.GET("/v1/accounts/{account}/refund-requests/{id}", { params: { path: { ...path, id: filed.id } } }),
);
const refused = await api.GET("/v1/accounts/{account}/credits", { params: { path, query: { as_of: "yesterday" } } });
const { type } = { type: undefined, ...refused.error };
const entries = [...first.entries, ...second.entries].map(({ number }) => number);
const requests = [filed, again, shown].map(({ id }) => id);
console.log(JSON.stringify({ available: balance.available, entries, requests, refused: type }));
