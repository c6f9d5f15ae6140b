"""The API over HTTPS: who has a certificate may do everything, who has none gets no further than the handshake."""

import concurrent.futures
import http.client
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest

from e2e import guests
from e2e.support import (BIN, DENIED, DONE, NO_SERVER, NOT_FOUND, PATIENCE, USAGE, WRONG_STATE, Server, ServerTest,
                         eventually, function, hello)


class Authority:
    """A CA in a folder of its own, made with the openssl program."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.file = folder / f"{name}.ca"
        self.openssl("req", "-x509", *self.key(f"{name}.ca.key"), "-out", self.file, "-days", "2",
                     "-subj", f"/CN={name}")

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], cwd=self.folder, capture_output=True, check=True, timeout=PATIENCE)

    def key(self, name):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.folder / name

    def issue(self, name, usage):
        """The paths of a certificate for 127.0.0.1 and of its key."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName=IP:127.0.0.1\nextendedKeyUsage={usage}\n")
        self.openssl("req", "-new", *self.key(key.name), "-out", f"{name}.csr", "-subj", f"/CN={name}")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", self.file, "-CAkey", f"{self.name}.ca.key",
                     "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate)
        return certificate, key


def listen_options(certificate, key, ca, address="127.0.0.1:0"):
    return (f"--api-listen={address}", f"--api-cert={certificate}", f"--api-key={key}", f"--api-client-ca={ca}")


class ApiTlsTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-tls."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.ca = Authority(cls.folder, "ours")
        cls.stranger = Authority(cls.folder, "strangers")
        cls.server_files = cls.ca.issue("server", "serverAuth")
        cls.alice = cls.ca.issue("alice", "clientAuth")
        cls.mallory = cls.stranger.issue("mallory", "clientAuth")
        cls.options = listen_options(*cls.server_files, cls.ca.file)
        super().setUpClass()

    @classmethod
    def prepare(cls):
        cls.url = "https://" + cls.server.json("status")["apiListen"]
        cls.port = int(cls.url.rsplit(":", 1)[1])
        prints = cls.server.home / "prints.wat"
        prints.write_text(guests.PRINTS)
        cls.server.apply(hello(), function("prints", prints, "/prints"))

    def setUp(self):
        # A home without a server: what answers was asked over the network.
        self.elsewhere = Server()
        self.addCleanup(shutil.rmtree, self.elsewhere.home)

    def words(self, files=None, ca=None, url=None):
        certificate, key = files or self.alice
        return ("--api", url or self.url, "--api-cert", str(certificate), "--api-key", str(key),
                "--api-ca", str(ca or self.ca.file))

    def remote(self, *words, stdin=""):
        return self.elsewhere.strata(*self.words(), *words, stdin=stdin)

    def connect(self, files=None):
        """A connection of Python's own client, which shows the certificate in `files`, if any."""
        context = ssl.create_default_context(cafile=self.ca.file)
        if files:
            context.load_cert_chain(*files)
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=context)
        self.addCleanup(connection.close)
        return connection

    # --- who has a certificate

    def test_verbs_work_from_elsewhere(self):
        applied = self.remote("apply", "-f", "-", stdin=json.dumps(hello("far", "/far")))
        self.assert_exit(applied, DONE)
        self.assertIn("created", applied.stdout)
        self.assertEqual(self.server.get("/far").text, "hello, world\n")
        self.assertEqual(self.remote("-n", "demo", "invoke", "far").stdout, "hello, world\n")
        self.assertIn("far", self.remote("-n", "demo", "get", "functions").stdout)
        self.assertIn("far", self.remote("-n", "demo", "describe", "function", "far").stdout)
        self.assertIn("far", self.remote("top").stdout)
        probe = self.remote("probe").stdout
        for found in ("landlock", "class-container", "BECAUSE"):
            self.assertIn(found, probe)
        self.assertIn("stratad", self.remote("version").stdout)
        made = self.remote("-n", "demo", "-o", "json", "sandbox", "create", "far")
        self.assert_exit(made, DONE)
        self.assertIn(json.loads(made.stdout)["sandboxes"][0]["id"], self.remote("sandbox", "list").stdout)
        self.assert_exit(self.remote("-n", "demo", "delete", "function", "far"), DONE)
        self.assertEqual(self.server.get("/far").status, 404)

    def test_the_environment_stands_for_the_options(self):
        names = ("STRATA_API", "STRATA_API_CERT", "STRATA_API_KEY", "STRATA_API_CA")
        environment = {**os.environ, **dict(zip(names, (self.url, *map(str, self.alice), str(self.ca.file))))}
        done = subprocess.run([BIN / "strata", "status"], env=environment, capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assert_exit(done, DONE)
        self.assertIn(self.url, done.stdout)

    def test_logs_are_followed(self):
        command = [str(BIN / "strata"), *self.words(), "-n", "demo", "logs", "-f", "--tail", "0", "prints"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
            try:
                # The follower is connected at some moment that it does not tell: print until it sees one.
                with concurrent.futures.ThreadPoolExecutor(1) as pool:
                    line = pool.submit(follower.stdout.readline)
                    self.assertTrue(eventually(lambda: self.server.get("/prints") and line.done()))
                self.assertIn("a line of the log", line.result())
            finally:
                follower.terminate()

    def test_watch_delivers_a_change_as_it_happens(self):
        since = self.server.json("get", "-A")["resourceVersion"]
        connection = self.connect(self.alice)
        connection.request("GET", f"/v1/watch?since={since}")
        stream = connection.getresponse()
        self.assertEqual(stream.headers.get_content_type(), "text/event-stream")
        self.server.apply(hello("watched", None))
        self.assertEqual(next(line for line in stream if line.startswith(b"event:")), b"event: created\n")
        self.server.strata("-n", "demo", "delete", "function", "watched")
        self.assertEqual(next(line for line in stream if line.startswith(b"event:")), b"event: deleted\n")

    def test_the_log_names_the_client(self):
        self.assert_exit(self.remote("status"), DONE)
        self.assertTrue(eventually(lambda: any(line.get("msg") == "api client" and line["subject"] == "alice"
                                               for line in map(json.loads, self.server.log().splitlines()))))

    # --- who has not

    def test_without_a_certificate_nothing_is_answered(self):
        connection = self.connect()
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            connection.request("GET", "/v1/status")
            connection.getresponse()
        self.assertTrue(eventually(lambda: "showed no certificate" in self.server.log()))

    def test_a_certificate_of_another_ca_is_refused(self):
        done = self.elsewhere.strata(*self.words(self.mallory), "status")
        self.assert_exit(done, DENIED, "refused us", "unknown ca")
        self.assertTrue(eventually(lambda: "unable to get local issuer certificate" in self.server.log()))

    def test_a_server_of_another_ca_is_not_asked(self):
        done = self.elsewhere.strata(*self.words(ca=self.stranger.file), "status")
        self.assert_exit(done, DENIED, "certificate is not accepted")

    def test_plain_http_is_told_to_speak_https(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/status")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 400)
        self.assertIn(b"this port speaks HTTPS", answer.read())

    def test_half_given_options_of_the_client_are_refused(self):
        words = self.words()
        for at in range(0, len(words), 2):
            done = self.elsewhere.strata(*words[:at], *words[at + 2:], "status")
            self.assert_exit(done, USAGE, f"missing: {words[at]}\n")

    def test_other_urls_and_up_are_refused(self):
        for url in ("http://127.0.0.1:1", "https://127.0.0.1", "127.0.0.1:1"):
            self.assert_exit(self.elsewhere.strata(*self.words(url=url), "status"), USAGE, "https://HOST:PORT")
        self.assert_exit(self.remote("up", "-d"), USAGE, "starts a server here")

    def test_a_clients_key_that_others_may_read_is_refused(self):
        key = self.folder / "open.key"
        shutil.copy(self.alice[1], key)
        key.chmod(0o644)
        done = self.elsewhere.strata(*self.words((self.alice[0], key)), "status")
        self.assert_exit(done, WRONG_STATE, str(key), "chmod 600")

    def test_nobody_there_is_no_server(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"https://127.0.0.1:{unused.getsockname()[1]}"
        self.assert_exit(self.elsewhere.strata(*self.words(url=url), "status"), NO_SERVER, "refused")


class ApiTlsLifeTest(unittest.TestCase):
    """How it starts and stops; each test has its own server."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="strata-tls."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.ca = Authority(cls.folder, "ours")
        cls.server_files = cls.ca.issue("server", "serverAuth")
        cls.alice = cls.ca.issue("alice", "clientAuth")

    def refused(self, options, *words, code=USAGE):
        """`strata up` with `options` fails with `code` and `words` and has made nothing but its log."""
        server = Server()
        self.addCleanup(shutil.rmtree, server.home)
        done = server.strata("up", "-d", "--listen", "127.0.0.1:0", "--", *options)
        if done.returncode == DONE:
            server.down()
        self.assertEqual(done.returncode, code, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual([path.name for path in server.home.rglob("*") if path.is_file()], ["stratad.log"])
        self.assertEqual(server.processes(), {})

    def test_half_given_options_of_the_server_are_refused(self):
        options = listen_options(*self.server_files, self.ca.file)
        for left_out in options:
            name = left_out.partition("=")[0]
            self.refused([option for option in options if option != left_out], f"{name} missing")

    def test_a_servers_key_that_others_may_read_is_refused(self):
        key = self.folder / "open.key"
        shutil.copy(self.server_files[1], key)
        key.chmod(0o644)
        self.refused(listen_options(self.server_files[0], key, self.ca.file), str(key), "chmod 600", code=WRONG_STATE)

    def test_a_file_that_is_missing_or_malformed_is_named(self):
        noise = self.folder / "noise.pem"
        noise.write_text("noise\n")
        self.refused(listen_options(self.folder / "nothing.pem", self.server_files[1], self.ca.file), "nothing.pem",
                     code=NOT_FOUND)
        self.refused(listen_options(*self.server_files, noise), "noise.pem: no usable CA certificate")

    def test_up_says_where_and_down_works_from_elsewhere(self):
        server, elsewhere = Server(), Server()
        self.addCleanup(shutil.rmtree, elsewhere.home)
        options = listen_options(*self.server_files, self.ca.file)
        done = server.strata("up", "-d", "--listen", "127.0.0.1:0", "--", *options)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertRegex(done.stdout, r"serves on http://127\.0\.0\.1:\d+, its API on https://127\.0\.0\.1:\d+ \(")
        url = done.stdout.partition("its API on ")[2].partition(" ")[0]
        self.assertIn(url, server.strata("status").stdout)
        server.instance = server.json("status")["instance"]
        words = ("--api", url, "--api-cert", str(self.alice[0]), "--api-key", str(self.alice[1]),
                 "--api-ca", str(self.ca.file))
        stopped = elsewhere.strata(*words, "down")
        self.assertEqual((stopped.returncode, stopped.stdout), (DONE, "stopped\n"), stopped.stderr)
        self.assertTrue(eventually(lambda: not server.processes()))
        self.assertEqual(server.leftovers(), [])
        shutil.rmtree(server.home)


if __name__ == "__main__":
    unittest.main()
