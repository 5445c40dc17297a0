"""API destinations and connections: real HTTP servers on loopback as targets, and as what gives tokens; with
boto3, the AWS CLI and the SDK of Node.js."""

import base64
import http.server
import json
import os
import shutil
import signal
import ssl
import subprocess
import threading
import time
import unittest
import urllib.parse

from deliveries import Wires
from support.case import Case
from support.server import Dynlog, WAIT_S

# Retries come soon; how long AWS waits is a matter of unit tests.
STACK = """
service: app
provider: {name: aws, runtime: python3.11}
custom:
  serverless-offline-aws-eventbridge: {retryDelayMs: 10}
"""
SECRET = "T0p-s3cret"


class Request:
    def __init__(self, method, path, headers, body):
        self.time = time.monotonic()
        self.method, self.headers, self.body = method, headers, body
        self.path, _, self.query = path.partition("?")

    def json(self):
        return json.loads(self.body)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a client that was killed, or does not like the certificate


class Target:
    """A server that keeps what it was asked, and answers what stands in answers[path]: a list of (status, headers,
    body), of which the last one stays; status None: no answer. Else 200."""

    def __init__(self, context=None):
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                request = Request(self.command, self.path, self.headers, body)
                status, headers, text = target.took(request)
                if status is None:
                    self.rfile.read()  # until the client goes
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

            def log_message(self, *arguments):
                pass

        self.requests, self.answers = [], {}
        self.changed = threading.Condition()
        self.server = Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def took(self, request):
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
            answers = self.answers.get(request.path, [(200, {}, b"")])
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def at(self, path):
        with self.changed:
            return [request for request in self.requests if request.path == path]

    def wait(self, path, count):
        with self.changed:
            if not self.changed.wait_for(lambda: len([r for r in self.requests if r.path == path]) >= count, WAIT_S):
                raise AssertionError("%d requests to %s" % (len(self.at(path)), path))
        return self.at(path)

    def url(self, path):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(WAIT_S)


class Destinations(Wires):
    """What a rule for one source needs, in one call."""

    def __init__(self, dynlog, target):
        super().__init__(dynlog)
        self.target = target

    def connection(self, name, kind="BASIC", **parameters):
        if not parameters:
            parameters = {"BasicAuthParameters": {"Username": "user", "Password": "pass"}}
        return self.events.create_connection(Name=name, AuthorizationType=kind,
                                             AuthParameters=parameters)["ConnectionArn"]

    def oauth(self, name, path, **more):
        return self.connection(name, "OAUTH_CLIENT_CREDENTIALS", OAuthParameters={
            "ClientParameters": {"ClientID": "id", "ClientSecret": SECRET},
            "AuthorizationEndpoint": self.target.url(path), "HttpMethod": "POST",
            "OAuthHttpParameters": {"BodyParameters": [
                {"Key": "grant_type", "Value": "client_credentials", "IsValueSecret": False}]}, **more})

    def destination(self, name, connection, path, method="POST", **more):
        """An API destination, a rule for everything of the source `name`, and a dead-letter queue `name`."""
        endpoint = path if path.startswith("http") else self.target.url(path)
        arn = self.events.create_api_destination(Name=name, ConnectionArn=connection, HttpMethod=method,
                                                 InvocationEndpoint=endpoint, **more.pop("create", {}))
        self.rule(name, {"Id": "1", "Arn": arn["ApiDestinationArn"], "DeadLetterConfig": {"Arn": self.queue(name)},
                         **more})
        return arn["ApiDestinationArn"]


class ApiDestinations(Case):
    files = {"serverless.yml": STACK}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.target = Target()
        cls.addClassCleanup(cls.target.close)
        cls.on = Destinations(cls.dynlog, cls.target)

    def state(self, name):
        return self.on.events.describe_connection(Name=name)["ConnectionState"]

    # ---- authorization ----

    def test_basic(self):
        arn = self.on.destination("basic", self.on.connection("basic"), "/basic")
        event_id, = self.on.put("basic", {"n": 1})
        self.dynlog.drain()
        request, = self.target.at("/basic")
        self.assertEqual(("POST", event_id, {"n": 1}), (request.method, request.json()["id"], request.json()["detail"]))
        self.assertEqual("Basic " + base64.b64encode(b"user:pass").decode(), request.headers["Authorization"])
        self.assertEqual("Amazon/EventBridge/ApiDestinations", request.headers["User-Agent"])
        self.assertEqual("application/json; charset=utf-8", request.headers["Content-Type"])
        self.assertEqual("bytes=0-1048575", request.headers["Range"])
        self.assertEqual("gzip,deflate", request.headers["Accept-Encoding"])
        self.assertEqual("close", request.headers["Connection"])
        self.assertEqual([], self.on.messages("basic"))
        self.assertRegex(arn, r"^arn:aws:events:us-east-1:000000000000:api-destination/basic/[0-9a-f-]{36}$")

    def test_api_key(self):
        connection = self.on.connection(
            "key", "API_KEY", ApiKeyAuthParameters={"ApiKeyName": "x-api-key", "ApiKeyValue": SECRET},
            InvocationHttpParameters={
                "HeaderParameters": [{"Key": "X-Both", "Value": "connection"}],
                "QueryStringParameters": [{"Key": "c", "Value": "1 2"}],
                "BodyParameters": [{"Key": "team", "Value": "a"}, {"Key": "n", "Value": "b"}]})
        self.on.destination("key", connection, "/*/things/*", "PUT", InputPath="$.detail", HttpParameters={
            "PathParameterValues": ["$.detail.name", "x"], "HeaderParameters": {"x-both": "target", "X-T": "t"},
            "QueryStringParameters": {"source": "$.source"}})
        self.on.put("key", {"n": 1, "name": "a/b"})
        self.dynlog.drain()
        request, = self.target.at("/a%2Fb/things/x")
        self.assertEqual(SECRET, request.headers["x-api-key"])
        self.assertEqual(("connection", "t"), (request.headers["X-Both"], request.headers["X-T"]))
        self.assertEqual({"source": ["key"], "c": ["1 2"]}, urllib.parse.parse_qs(request.query))
        self.assertEqual({"name": "a/b", "team": "a", "n": "b"}, request.json())

    def test_oauth(self):
        self.target.answers["/token"] = [
            (200, {"Content-Type": "application/json"}, b'{"access_token":"one","expires_in":3600}'),
            (200, {"Content-Type": "application/json"}, b'{"access_token":"two","expires_in":3600}')]
        # the first token is refused once it was used
        self.target.answers["/oauth"] = [(200, {}, b""), (401, {}, b""), (200, {}, b"")]
        connection = self.on.oauth("oauth", "/token")
        self.dynlog.drain()
        self.assertEqual("AUTHORIZED", self.state("oauth"))
        self.on.destination("oauth", connection, "/oauth")
        for n in range(3):
            self.on.put("oauth", {"n": n})
            self.dynlog.drain()
        asked = self.target.at("/token")
        self.assertEqual(2, len(asked))
        self.assertEqual({"client_id": ["id"], "client_secret": [SECRET], "grant_type": ["client_credentials"]},
                         urllib.parse.parse_qs(asked[0].body.decode()))
        self.assertEqual(["Bearer one", "Bearer one", "Bearer two", "Bearer two"],
                         [request.headers["Authorization"] for request in self.target.at("/oauth")])
        self.assertEqual("AUTHORIZED", self.state("oauth"))

    def test_no_token(self):
        self.target.answers["/no-token"] = [(401, {}, SECRET.encode()),
                                            (200, {}, b'{"access_token":"now"}')]
        connection = self.on.oauth("no-token", "/no-token")
        self.dynlog.drain()
        described = self.on.events.describe_connection(Name="no-token")
        self.assertEqual(("DEAUTHORIZED", "The authorization endpoint returned HTTP status 401."),
                         (described["ConnectionState"], described["StateReason"]))
        self.on.destination("no-token", connection, "/with-token", RetryPolicy={"MaximumRetryAttempts": 0})
        self.assertEqual("INACTIVE", self.on.events.describe_api_destination(Name="no-token")["ApiDestinationState"])
        self.on.put("no-token", {})
        (_, attributes, _), = self.on.messages("no-token")
        self.assertEqual("NO_PERMISSIONS", attributes["ERROR_CODE"])
        self.assertEqual([], self.target.at("/with-token"))
        self.on.events.update_connection(Name="no-token", AuthorizationType="OAUTH_CLIENT_CREDENTIALS", AuthParameters={
            "OAuthParameters": {"ClientParameters": {"ClientSecret": "better"}}})
        self.dynlog.drain()
        self.assertEqual("AUTHORIZED", self.state("no-token"))
        self.on.put("no-token", {})
        self.dynlog.drain()
        self.assertEqual("Bearer now", self.target.at("/with-token")[0].headers["Authorization"])

    def test_a_password_that_is_refused(self):
        self.target.answers["/closed"] = [(401, {}, b""), (200, {}, b"")]
        self.on.destination("closed", self.on.connection("closed"), "/closed",
                            RetryPolicy={"MaximumRetryAttempts": 185})
        self.on.put("closed", {"n": 1})
        self.target.wait("/closed", 1)
        # the delivery is tried again and again, and nothing is sent until there is another password
        described = self.on.events.describe_connection(Name="closed")
        while described["ConnectionState"] != "DEAUTHORIZED":
            described = self.on.events.describe_connection(Name="closed")
        self.on.events.update_connection(Name="closed", AuthorizationType="BASIC", AuthParameters={
            "BasicAuthParameters": {"Username": "user", "Password": "better"}})
        self.dynlog.drain()
        requests = self.target.at("/closed")
        self.assertEqual(2, len(requests))
        self.assertEqual("Basic " + base64.b64encode(b"user:better").decode(), requests[1].headers["Authorization"])
        self.assertEqual([], self.on.messages("closed"))

    # ---- what comes of answers ----

    def test_a_retry_that_succeeds(self):
        self.target.answers["/later"] = [(503, {}, b""), (500, {}, b""), (200, {}, b"")]
        self.on.destination("later", self.on.connection("later"), "/later",
                            RetryPolicy={"MaximumRetryAttempts": 5})
        event_id, = self.on.put("later", {})
        self.dynlog.drain()
        self.assertEqual([event_id] * 3, [request.json()["id"] for request in self.target.at("/later")])
        self.assertEqual([], self.on.messages("later"))

    def test_retries_that_run_out(self):
        self.target.answers["/never"] = [(503, {}, b"")]
        arn = self.on.destination("never", self.on.connection("never"), "/never",
                                  RetryPolicy={"MaximumRetryAttempts": 2})
        event_id, = self.on.put("never", {})
        (body, attributes, _), = self.on.messages("never")
        self.assertEqual(event_id, body["id"])
        self.assertEqual({
            "RULE_ARN": "arn:aws:events:us-east-1:000000000000:rule/never", "TARGET_ARN": arn,
            "ERROR_CODE": "ERROR_FROM_TARGET", "RETRY_ATTEMPTS": "2",
            "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
            "ERROR_MESSAGE": "Unable to invoke ApiDestination endpoint: API destination returned HTTP status 503."},
            attributes)
        self.assertEqual(3, len(self.target.at("/never")))

    def test_what_is_not_tried_again(self):
        connection = self.on.connection("once")
        for status in (302, 400, 403, 404, 410):
            name = "once-%d" % status
            self.target.answers["/" + name] = [(status, {"Location": "/elsewhere"}, b"")]
            self.on.destination(name, connection, "/" + name)
            self.on.put(name, {})
            (_, attributes, _), = self.on.messages(name)
            self.assertEqual(("SDK_CLIENT_ERROR", "0"), (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]))
            self.assertIn("HTTP status %d" % status, attributes["ERROR_MESSAGE"])
            self.assertEqual(1, len(self.target.at("/" + name)))
        self.assertEqual([], self.target.at("/elsewhere"))

    def test_retry_after(self):
        self.target.answers["/busy"] = [(429, {"Retry-After": "1"}, b""), (200, {}, b"")]
        self.target.answers["/gone"] = [(429, {"Retry-After": "-1"}, b"")]
        connection = self.on.connection("busy")
        self.on.destination("busy", connection, "/busy")
        self.on.destination("gone", connection, "/gone")
        self.on.put("busy", {})
        self.on.put("gone", {})
        self.dynlog.drain()
        first, second = self.target.at("/busy")
        self.assertGreaterEqual(second.time - first.time, 0.95)  # the stack file's 10 ms are shorter
        (_, attributes, _), = self.on.messages("gone")
        self.assertEqual("THROTTLING", attributes["ERROR_CODE"])

    def test_nobody_answers(self):
        """AWS's five seconds, by the machine's clock."""
        self.target.answers["/silent"] = [(None, {}, b"")]
        self.on.destination("silent", self.on.connection("silent"), "/silent", RetryPolicy={"MaximumRetryAttempts": 0})
        began = time.monotonic()
        self.on.put("silent", {})
        (_, attributes, _), = self.on.messages("silent")
        self.assertEqual("TIMEOUT", attributes["ERROR_CODE"])
        self.assertGreaterEqual(time.monotonic() - began, 4.9)

    def test_nobody_listens(self):
        gone = Target()
        url = gone.url("/")
        gone.close()
        self.on.destination("nobody", self.on.connection("nobody"), url, RetryPolicy={"MaximumRetryAttempts": 1})
        self.on.put("nobody", {})
        (_, attributes, _), = self.on.messages("nobody")
        self.assertEqual(("CONNECTION_FAILURE", "1"), (attributes["ERROR_CODE"], attributes["RETRY_ATTEMPTS"]))

    def test_a_certificate_that_nobody_knows(self):
        if shutil.which("openssl") is None:
            self.skipTest("there is no openssl to make a certificate with")
        key, certificate = self.dynlog.path("key.pem"), self.dynlog.path("certificate.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        target = Target(context)
        self.addCleanup(target.close)
        self.on.destination("tls", self.on.connection("tls"), "https://127.0.0.1:%d/" % target.port,
                            RetryPolicy={"MaximumRetryAttempts": 0})
        self.on.put("tls", {})
        (_, attributes, _), = self.on.messages("tls")
        self.assertEqual("CONNECTION_FAILURE", attributes["ERROR_CODE"])
        self.assertEqual([], target.requests)

    def test_a_destination_that_is_deleted(self):
        self.on.destination("deleted", self.on.connection("deleted"), "/deleted")
        self.on.events.delete_api_destination(Name="deleted")
        self.on.put("deleted", {})
        (_, attributes, _), = self.on.messages("deleted")
        self.assertEqual("NO_RESOURCE", attributes["ERROR_CODE"])

    # ---- rates ----

    def test_a_rate(self):
        connection = self.on.connection("rate")
        self.on.destination("rate", connection, "/rate", create={"InvocationRateLimitPerSecond": 5})
        self.on.destination("free", connection, "/free")
        self.on.put("rate", *({"n": n} for n in range(12)))
        self.on.put("free", *({"n": n} for n in range(12)))
        self.target.wait("/free", 12)
        self.assertLess(len(self.target.at("/rate")), 12)  # one slow target delays no other
        self.dynlog.drain()
        times = [request.time for request in self.target.at("/rate")]
        self.assertEqual(12, len(times))
        self.assertGreaterEqual(times[11] - times[0], 1.3)  # 5 at once, 7 more at 5 a second
        self.assertEqual(set(range(12)), {request.json()["detail"]["n"] for request in self.target.at("/rate")})

    # ---- secrets ----

    def test_secrets_are_nowhere(self):
        secret = "Hush-77"
        self.target.answers["/hush-token"] = [(200, {}, b'{"access_token":"Hush-77-token"}')]
        self.target.answers["/hush"] = [(500, {"X-Echo": secret}, secret.encode())]
        answers = []
        http_parameters = {
            "HeaderParameters": [{"Key": "X-H", "Value": secret, "IsValueSecret": True}],
            "QueryStringParameters": [{"Key": "q", "Value": secret, "IsValueSecret": True}],
            "BodyParameters": [{"Key": "b", "Value": secret, "IsValueSecret": True}]}
        for name, kind, parameters in (
                ("hush-b", "BASIC", {"BasicAuthParameters": {"Username": "u", "Password": secret}}),
                ("hush-k", "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": secret}}),
                ("hush-o", "OAUTH_CLIENT_CREDENTIALS", {"OAuthParameters": {
                    "ClientParameters": {"ClientID": "id", "ClientSecret": secret}, "HttpMethod": "POST",
                    "AuthorizationEndpoint": self.target.url("/hush-token"), "OAuthHttpParameters": http_parameters}})):
            arn = self.on.connection(name, kind, InvocationHttpParameters=http_parameters, **parameters)
            self.on.destination(name, arn, "/hush", RetryPolicy={"MaximumRetryAttempts": 1})
            self.dynlog.drain()
            self.on.put(name, {})
            answers += [self.on.events.describe_connection(Name=name), self.on.messages(name),
                        self.on.events.update_connection(Name=name, Description="d"),
                        self.on.events.deauthorize_connection(Name=name),
                        self.on.events.describe_connection(Name=name)]
        for request in self.target.at("/hush"):
            self.assertEqual((secret, {"q": [secret]}, secret), (
                request.headers["X-H"], urllib.parse.parse_qs(request.query), request.json()["b"]))
        answers += [self.on.events.list_connections(), self.on.events.list_api_destinations(), self.dynlog.status(),
                    self.dynlog.request("GET", "/_dynlog/metrics")[2].decode()]
        # what is wrong with a secret is told without it
        answers.append(self.refused("ValidationException", None, self.on.connection, "hush-x", "API_KEY",
                                    ApiKeyAuthParameters={"ApiKeyName": "k", "ApiKeyValue": secret + ":\u0001"}))
        self.assertNotIn(secret, str(answers))
        self.assertNotIn(secret, self.dynlog.process.out.text() + self.dynlog.process.err.text())

    # ---- other clients ----

    def test_aws_cli(self):
        def events(*arguments):
            result = self.dynlog.aws("events", *arguments)
            self.assertEqual(0, result.returncode, result.stderr)
            return json.loads(result.stdout) if result.stdout.strip() else None

        connection = events("create-connection", "--name", "cli", "--authorization-type", "BASIC", "--auth-parameters",
                            "BasicAuthParameters={Username=u,Password=p}")
        self.assertEqual("AUTHORIZED", connection["ConnectionState"])
        destination = events("create-api-destination", "--name", "cli", "--connection-arn", connection["ConnectionArn"],
                             "--http-method", "POST", "--invocation-endpoint", self.target.url("/cli"),
                             "--invocation-rate-limit-per-second", "10")
        self.assertEqual("ACTIVE", destination["ApiDestinationState"])
        described = events("describe-api-destination", "--name", "cli")
        self.assertEqual((10, "POST"), (described["InvocationRateLimitPerSecond"], described["HttpMethod"]))
        self.assertEqual({"BasicAuthParameters": {"Username": "u"}},
                         events("describe-connection", "--name", "cli")["AuthParameters"])
        self.assertEqual(["cli"], [c["Name"] for c in events("list-connections", "--name-prefix", "cli")["Connections"]])
        self.assertEqual(["cli"], [d["Name"] for d in events("list-api-destinations", "--connection-arn",
                                                             connection["ConnectionArn"])["ApiDestinations"]])
        self.on.rule("cli", {"Id": "1", "Arn": destination["ApiDestinationArn"]})
        self.on.put("cli", {})
        self.dynlog.drain()
        self.assertEqual(1, len(self.target.at("/cli")))
        events("update-api-destination", "--name", "cli", "--http-method", "PUT")
        self.assertEqual("DEAUTHORIZING", events("deauthorize-connection", "--name", "cli")["ConnectionState"])
        events("update-connection", "--name", "cli", "--authorization-type", "API_KEY", "--auth-parameters",
               "ApiKeyAuthParameters={ApiKeyName=k,ApiKeyValue=v}")
        events("delete-api-destination", "--name", "cli")
        self.assertEqual("DELETING", events("delete-connection", "--name", "cli")["ConnectionState"])

    def test_node_sdk(self):
        self.dynlog.node("api_destinations.mjs", self.target.url("/node"))
        self.dynlog.drain()
        request, = self.target.at("/node")
        self.assertEqual(("PATCH", "secret"), (request.method, request.headers["X-Key"]))


class Clock(Case):
    """Rates, tokens and Retry-After by a clock that stands still until it is moved."""
    arguments = ["--clock", "manual=2026-01-31T09:30:00Z", "--memory"]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.target = Target()
        cls.addClassCleanup(cls.target.close)
        cls.on = Destinations(cls.dynlog, cls.target)

    def test_a_rate(self):
        self.on.destination("rate", self.on.connection("rate"), "/rate", create={"InvocationRateLimitPerSecond": 2})
        start = self.dynlog.clock()[1]["now"]
        self.on.put("rate", *({"n": n} for n in range(6)))
        waiting = self.dynlog.waiting()
        self.assertEqual(["calls of API destinations"], list(waiting))
        self.assertEqual(4, waiting["calls of API destinations"]["count"])
        self.assertEqual(start[:-4] + "500Z", waiting["calls of API destinations"]["due"])
        self.assertEqual(2, len(self.target.at("/rate")))
        self.assertEqual((0, 4), (self.dynlog.status()["calls"]["inFlight"], self.dynlog.status()["calls"]["held"]))
        self.assertEqual(4, self.on.metric("calls_held"))
        self.dynlog.clock(to="next")
        self.assertEqual(3, len(self.target.at("/rate")))
        self.dynlog.advance("1s")
        self.assertEqual(5, len(self.target.at("/rate")))
        self.dynlog.advance("1h")
        self.assertEqual(6, len(self.target.at("/rate")))
        self.dynlog.drain()

    def test_retry_after(self):
        self.target.answers["/busy"] = [(429, {"Retry-After": "120"}, b""), (200, {}, b"")]
        self.on.destination("busy", self.on.connection("busy"), "/busy")
        self.on.put("busy", {})
        self.assertEqual(1, self.dynlog.waiting()["deliveries"]["count"])
        self.dynlog.advance("119s")
        self.assertEqual(1, len(self.target.at("/busy")))
        self.dynlog.advance("1s")
        self.assertEqual(2, len(self.target.at("/busy")))
        self.dynlog.drain()

    def test_a_token_expires(self):
        self.target.answers["/token"] = [(200, {}, b'{"access_token":"one","expires_in":600}'),
                                         (200, {}, b'{"access_token":"two","expires_in":600}')]
        self.on.destination("token", self.on.oauth("token", "/token"), "/oauth")
        for after in ("1s", "530s", "20s"):
            self.dynlog.advance(after)
            self.on.put("token", {})
            self.dynlog.drain()
        self.assertEqual(["Bearer one", "Bearer one", "Bearer two"],
                         [request.headers["Authorization"] for request in self.target.at("/oauth")])
        self.assertEqual(2, len(self.target.at("/token")))


class Restarts(unittest.TestCase):
    maxDiff = None

    def test_kill(self):
        """What waits for its target survives; connections, their secrets and destinations too."""
        target = Target()
        self.addCleanup(target.close)
        target.answers["/hook"] = [(503, {}, b"")]
        target.answers["/token"] = [(200, {}, b'{"access_token":"t"}')]
        with Dynlog({"serverless.yml": STACK}) as dynlog:
            on = Destinations(dynlog, target)
            on.destination("hook", on.oauth("hook", "/token"), "/hook")
            ids = on.put("hook", *({"n": n} for n in range(50)))
            target.wait("/hook", 20)
            dynlog.kill()
            with target.changed:
                target.answers["/hook"] = [(200, {}, b"")]
                target.requests.clear()
            dynlog.restart()
            dynlog.drain()
            self.assertEqual(set(ids), {request.json()["id"] for request in target.at("/hook")})
            self.assertEqual([], on.messages("hook"))
            self.assertEqual("AUTHORIZED", on.events.describe_connection(Name="hook")["ConnectionState"])

    def test_a_stop_does_not_wait_for_a_target(self):
        """A target that does not answer, and a rate that lets nothing through: both wait for the next start."""
        target, release = Target(), threading.Event()
        self.addCleanup(target.close)
        self.addCleanup(release.set)
        took = target.took

        def slow(request):
            answer = took(request)
            if request.path == "/slow":
                release.wait(WAIT_S)
            return answer

        target.took = slow
        with Dynlog({"serverless.yml": STACK}) as dynlog:
            on = Destinations(dynlog, target)
            connection = on.connection("c")
            on.destination("slow", connection, "/slow")
            on.destination("rare", connection, "/rare", create={"InvocationRateLimitPerSecond": 1})
            slow_ids = on.put("slow", {})
            rare_ids = on.put("rare", *({"n": n} for n in range(30)))
            target.wait("/slow", 1)
            dynlog.process.popen.send_signal(signal.SIGTERM)  # begins to drain ...
            dynlog.stop()                                     # ... and the second one does not wait
            release.set()
            with target.changed:
                target.requests.clear()
            dynlog.restart()
            on.events.update_api_destination(Name="rare", InvocationRateLimitPerSecond=300)
            dynlog.drain()
            self.assertEqual(set(slow_ids), {request.json()["id"] for request in target.at("/slow")})
            self.assertLessEqual({request.json()["id"] for request in target.at("/rare")}, set(rare_ids))


if __name__ == "__main__":
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    unittest.main()
