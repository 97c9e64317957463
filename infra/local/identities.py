"""Who calls: a Cognito user pool with people and a service, and the AWS identities that send messages."""

import base64
import json
import urllib.parse
import urllib.request
from pathlib import Path

from emulator import REGION, aws

GROUP = "support"
SCOPE = "makegood/generations"
PASSWORD = "Local-stack-1"
# Two customers, so that one can try to reach the other's account, and a support person.
PEOPLE = {"customer": None, "other_customer": None, "support": GROUP}


def create_pool(aws_url: str) -> dict:
    """Makes the pool, its two clients and its people; must come before the deploy, which names them."""
    cognito = aws("cognito-idp", aws_url)
    pool = cognito.create_user_pool(PoolName="makegood")["UserPool"]["Id"]
    cognito.create_user_pool_domain(UserPoolId=pool, Domain="makegood")
    cognito.create_resource_server(
        UserPoolId=pool,
        Identifier="makegood",
        Name="makegood",
        Scopes=[{"ScopeName": "generations", "ScopeDescription": "Hold, capture and release credits"}],
    )
    customers = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="customers", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]
    services = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="generation-services",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=[SCOPE],
    )["UserPoolClient"]
    cognito.create_group(UserPoolId=pool, GroupName=GROUP)
    people = {name: create_person(aws_url, pool, name, group) for name, group in PEOPLE.items()}
    return {
        "pool": pool,
        "issuer": f"https://cognito-idp.{REGION}.amazonaws.com/{pool}",
        "customer_audience": customers["ClientId"],
        "service_audience": services["ClientId"],
        "service_secret": services["ClientSecret"],
        "people": people,
    }


def create_person(aws_url: str, pool: str, name: str, group: str | None = None) -> dict:
    """Makes a customer, or a member of `group`; the `sub` that the pool chooses is the account."""
    cognito = aws("cognito-idp", aws_url)
    user = cognito.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")["User"]
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
    if group:
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
    account = next(attribute["Value"] for attribute in user["Attributes"] if attribute["Name"] == "sub")
    return {"username": name, "password": PASSWORD, "account": account}


def person_token(aws_url: str, pool: dict, name: str, kind: str = "AccessToken") -> str:
    """Signs a person in; `kind` is `AccessToken` or `IdToken`."""
    person = pool["people"][name]
    answer = aws("cognito-idp", aws_url).initiate_auth(
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=pool["customer_audience"],
        AuthParameters={"USERNAME": person["username"], "PASSWORD": person["password"]},
    )
    return answer["AuthenticationResult"][kind]


def service_token(aws_url: str, pool: dict) -> str:
    """The token of a generation service, by the client credentials grant."""
    basic = base64.b64encode(f"{pool['service_audience']}:{pool['service_secret']}".encode()).decode()
    request = urllib.request.Request(
        f"{aws_url}/oauth2/token",
        data=urllib.parse.urlencode({"grant_type": "client_credentials", "scope": SCOPE}).encode(),
        headers={"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["access_token"]


def create_sender(aws_url: str, name: str) -> dict:
    """An AWS user that may send to every queue as far as its own policy goes: the queue decides."""
    iam = aws("iam", aws_url)
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    policy = {
        "Version": "2012-10-17",
        # The emulator asks for an action of its own when messages come in batches.
        "Statement": [{"Effect": "Allow", "Action": ["sqs:SendMessage*", "sqs:GetQueueUrl"], "Resource": "*"}],
    }
    iam.put_user_policy(UserName=name, PolicyName="send", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"arn": arn, "key": [key["AccessKeyId"], key["SecretAccessKey"]]}


def claims_of(token: str) -> dict:
    """What a token says, unchecked."""
    return json.loads(_decoded(token.split(".")[1]))


def altered_token(state_folder: Path, pool: dict, token: str, changes: dict) -> str:
    """A genuine token with some claims changed and signed again by the pool's own key: for tests only.

    A change to `None` takes the claim away.
    """
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    claims = {**claims_of(token), **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    signed = f"{token.split('.')[0]}.{_encoded(json.dumps(claims).encode())}"
    pem = state_folder / "cognito-pool-keys" / f"{pool['pool']}-access.pem"
    key = serialization.load_pem_private_key(pem.read_bytes(), password=None)
    return f"{signed}.{_encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
