"""boto3 clients for a Dynlog. Nothing is retried, unless a test says so: what it sees is what was answered."""

import boto3
from botocore.config import Config

CONFIG = Config(retries={"max_attempts": 0}, read_timeout=60, connect_timeout=10, max_pool_connections=64)


def client(dynlog, service, key="x", secret="x", region="us-east-1", endpoint=None,
           retries=None):
    session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=region)
    return session.client(service, endpoint_url=endpoint or dynlog.endpoint,
                          config=CONFIG if retries is None else CONFIG.merge(Config(retries=retries)))
