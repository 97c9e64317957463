"""What `stack.py up` and `status` print: addresses, tokens and commands to paste."""

import json

import messages
from client import Stack


def print_summary(stack: Stack) -> None:
    """Prints to standard output, so that it can be kept or searched."""
    state, outputs = stack.state, stack.state["outputs"]
    account = stack.account("customer")
    hold = '{"generation_id":"gen_1","operation":"music_simple","credits":10}'
    failed = messages.failed(stack.service, account, "gen_1", "music_simple")
    message = json.dumps({"QueueUrl": outputs["GenerationQueueUrl"], "MessageBody": json.dumps(failed)})
    purchase = json.dumps({"account": account, "price": "price_pack_100", "amount": 900, "currency": "usd"})
    key, secret = state["sender"]["key"]
    print(
        f"""
HTTP API            {state["api_url"]}
AWS emulator        {state["aws_url"]}
Stripe stand-in     {state["stripe"]["url"]}
Creem stand-in      {state["creem"]["url"]}
Generation queue    {outputs["GenerationQueueUrl"]}
Logs                {state["work"]}

export API='{state["api_url"]}'
export ACCOUNT={account}
export CUSTOMER={stack.token("customer")}
export SERVICE={stack.token("service")}
export SUPPORT={stack.token("support")}

# a customer buys a credit pack: the stand-in sends the signed webhook
curl -sS {state["stripe"]["url"]}/_control/buy_pack -d '{purchase}'

# balance and history of the customer
curl -sS -H "authorization: Bearer $CUSTOMER" "$API/v1/accounts/$ACCOUNT/credits"
curl -sS -H "authorization: Bearer $CUSTOMER" "$API/v1/accounts/$ACCOUNT/entries"

# a generation service holds ten credits …
curl -sS -H "authorization: Bearer $SERVICE" -H 'content-type: application/json' \\
  -d '{hold}' "$API/v1/accounts/$ACCOUNT/holds"

# … and says that the generation failed, as the AWS user that the queue lets in
curl -sS --aws-sigv4 aws:amz:{state["region"]}:sqs --user {key}:{secret} \\
  -H 'content-type: application/x-amz-json-1.0' -H 'x-amz-target: AmazonSQS.SendMessage' \\
  -d '{message}' {state["aws_url"]}/
"""
    )
