"""What `stack.py up` and `status` print: addresses, tokens and commands to paste."""

from client import Stack


def print_summary(stack: Stack) -> None:
    """Prints to standard output, so that it can be kept or searched."""
    state, outputs = stack.state, stack.state["outputs"]
    account = stack.account("customer")
    hold = '{"generation_id":"gen_1","operation":"song","credits":10}'
    failed = f'{{"version":1,"type":"generation.failed","account":"{account}","generation_id":"gen_1"}}'
    key, secret = state["sender"]["key"]
    print(
        f"""
HTTP API            {state["api_url"]}
AWS emulator        {state["aws_url"]}
Stripe stand-in     {state["stripe"]["url"]}
Generation queue    {outputs["GenerationQueueUrl"]}
Logs                {state["work"]}

export API='{state["api_url"]}'
export ACCOUNT={account}
export CUSTOMER={stack.token("customer")}
export SERVICE={stack.token("service")}
export SUPPORT={stack.token("support")}

# balance and history of the customer
curl -sS -H "authorization: Bearer $CUSTOMER" "$API/v1/accounts/$ACCOUNT/credits"
curl -sS -H "authorization: Bearer $CUSTOMER" "$API/v1/accounts/$ACCOUNT/entries"

# a generation service holds ten credits …
curl -sS -H "authorization: Bearer $SERVICE" -H 'content-type: application/json' \\
  -d '{hold}' "$API/v1/accounts/$ACCOUNT/holds"

# … and says that the generation failed
AWS_ACCESS_KEY_ID={key} AWS_SECRET_ACCESS_KEY={secret} aws sqs send-message --region {state["region"]} \\
  --endpoint-url {state["aws_url"]} --queue-url {outputs["GenerationQueueUrl"]} \\
  --message-body '{failed}'
"""
    )
