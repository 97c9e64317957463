"""Makes a customer's calls with the generated operations, and prints what came of them as one JSON object."""

import json
import sys

from makegood import Makegood, ProblemError, models


def main() -> None:
    asked = json.loads(sys.argv[1])
    account = asked["account"]
    with Makegood(asked["base_url"], lambda: str(asked["token"])) as client:
        balance = client.read_balance(account)
        first = client.read_history(account, limit=1)
        second = client.read_history(account, limit=1, cursor=first["next_cursor"])
        [payment] = client.list_payments(account)["payments"]
        body: models.RefundSubmission = {"reason": "changed_mind", "payment": payment["payment"]}
        filed = client.submit_refund_request(account, body, idempotency_key="order-17")
        again = client.submit_refund_request(account, body, idempotency_key="order-17")
        shown = client.show_refund_request(account, filed["id"])
        try:
            client.read_balance(account, as_of="yesterday")
            refused = None
        except ProblemError as error:
            refused = error.type
    available, entries = balance["available"], [*first["entries"], *second["entries"]]
    sequence = [entry["number"] for entry in entries]
    ids = [request["id"] for request in (filed, again, shown)]
    print(json.dumps({"available": available, "entries": sequence, "requests": ids, "refused": refused}))


main()
