// Command wordcount is a WASI command: a text on stdin, statistics about it as JSON on stdout.
//
// The environment variable TOP (default 10) says how many of the most frequent words to list.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"unicode/utf8"
)

const defaultTop = 10

// reject answers with a status of its own, CGI style.
func reject(status int, why string) {
	fmt.Printf("Status: %d\r\nContent-Type: text/plain\r\n\r\n%s\n", status, why)
}

func main() {
	top := defaultTop
	if given := os.Getenv("TOP"); given != "" {
		var err error
		if top, err = strconv.Atoi(given); err != nil || top < 0 {
			reject(500, "TOP must be a number, 0 or more")
			return
		}
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		reject(400, "the body could not be read: "+err.Error())
		return
	}
	if !utf8.Valid(input) {
		reject(400, "the body is not UTF-8")
		return
	}
	output, err := json.Marshal(Measure(string(input), top))
	if err != nil {
		reject(500, err.Error())
		return
	}
	fmt.Printf("Content-Type: application/json\r\n\r\n%s\n", output)
}
