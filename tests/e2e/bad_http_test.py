"""Requests that are malformed, ambiguous or too long are refused, and the next client is served.

tests/conformance has every framing rule against the parser; here the whole server is asked.
"""

import contextlib
import re
import socket
import unittest

from e2e.support import PATIENCE, ServerTest, hello

SMUGGLED = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"


class BadHttpTest(ServerTest):
    @classmethod
    def prepare(cls):
        cls.server.apply(hello())

    def tearDown(self):
        self.assertEqual(self.server.get("/hello").text, "hello, world\n")

    def assert_refused(self, data, *statuses):
        """One refusal with a 4xx, then the connection is closed: what follows is never a second request."""
        answer = self.server.exchange(data)
        head = answer.split(b"\r\n", 1)[0]
        self.assertRegex(head, rb"^HTTP/1\.1 4\d\d ")
        if statuses:
            self.assertIn(int(head.split()[1]), statuses)
        self.assertEqual(answer.count(b"HTTP/1.1 "), 1, answer)

    def test_content_length_together_with_chunked_is_refused(self):
        self.assert_refused(b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400)

    def test_two_different_content_lengths_are_refused(self):
        self.assert_refused(b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"
                            b"12345" + SMUGGLED, 400)

    def test_a_content_length_that_is_no_number_is_refused(self):
        for length in (b"+5", b"-1", b"0x5", b"5,5", b"99999999999999999999999"):
            head = b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: " + length
            self.assert_refused(head + b"\r\n\r\n12345", 400, 413)

    def test_an_unknown_transfer_coding_is_refused(self):
        head = b"POST /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n"
        answer = self.server.exchange(head + SMUGGLED)
        self.assertRegex(answer.split(b"\r\n", 1)[0], rb"^HTTP/1\.1 (400|501) ")
        self.assertEqual(answer.count(b"HTTP/1.1 "), 1)

    def test_a_bare_line_feed_ends_no_line(self):
        self.assert_refused(b"GET /hello HTTP/1.1\nHost: x\n\n", 400)
        head = b"GET /hello HTTP/1.1\r\nHost: x\r\nA: b\nTransfer-Encoding: chunked\r\n\r\n"
        self.assert_refused(head + SMUGGLED, 400)

    def test_a_folded_field_is_refused(self):
        self.assert_refused(b"GET /hello HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400)

    def test_a_space_before_the_colon_is_refused(self):
        self.assert_refused(b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n12345", 400)

    def test_a_bad_chunk_size_never_starts_a_second_request(self):
        for size in (b"zz", b"-1", b"0x1", b"1 ", b"ffffffffffffffffff"):
            answer = self.server.exchange(b"POST /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                                          size + b"\r\nx\r\n0\r\n\r\n" + SMUGGLED)
            self.assertLessEqual(answer.count(b"HTTP/1.1 200"), 1, (size, answer))
            self.assertNotEqual(answer.count(b"HTTP/1.1 "), 2, (size, answer))

    def test_a_request_without_a_host_or_with_two_is_refused(self):
        self.assert_refused(b"GET /hello HTTP/1.1\r\n\r\n", 400)
        self.assert_refused(b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400)

    def test_header_bombs_are_refused(self):
        self.assert_refused(b"GET /hello HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 200_000 + b"\r\n\r\n", 400, 431)
        many = b"".join(b"A%d: b\r\n" % number for number in range(5000))
        self.assert_refused(b"GET /hello HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n", 400, 431)

    def test_an_endless_request_line_is_refused(self):
        self.assert_refused(b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400, 414, 431)

    def test_another_protocol_is_not_answered_with_success(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 64,
                     b"GET /hello HTTP/9.9\r\nHost: x\r\n\r\n"):
            self.assertNotIn(b" 200 ", self.server.exchange(data))

    def test_paths_that_servers_read_differently_are_refused(self):
        for path in (b"/hello/../hello", b"/hello/%2e%2e/x", b"/./hello", b"//hello", b"/hello%00", b"/hel%2flo",
                     b"/hello%5c..%5cx", b"/%zz", b"/hello\\..\\x"):
            answer = self.server.exchange(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertRegex(answer.split(b"\r\n", 1)[0], rb"^HTTP/1\.1 40[04] ", path)

    def test_pipelined_requests_are_answered_in_order(self):
        answer = self.server.exchange(SMUGGLED + b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED)
        self.assertEqual(re.findall(rb"HTTP/1\.1 (\d+) ", answer), [b"200", b"404", b"200"])

    def test_a_head_request_has_no_body(self):
        answer = self.server.exchange(b"HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n"), answer)

    def test_slow_and_idle_connections_do_not_keep_others_out(self):
        host, port = self.server.address.rsplit(":", 1)
        with contextlib.ExitStack() as stack:
            for number in range(500):
                raw = stack.enter_context(socket.create_connection((host, int(port)), timeout=PATIENCE))
                if number % 2:
                    raw.sendall(b"GET /hello HTTP/1.1\r\nHo")
            self.assertEqual(self.server.get("/hello").status, 200)


if __name__ == "__main__":
    unittest.main()
