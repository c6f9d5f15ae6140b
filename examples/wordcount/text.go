package main

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Word is a word with its number of occurrences.
type Word struct {
	Word  string `json:"word"`
	Count int    `json:"count"`
}

// Stats is what Measure finds out about a text.
type Stats struct {
	Bytes       int    `json:"bytes"`
	Characters  int    `json:"characters"`
	Lines       int    `json:"lines"`
	Sentences   int    `json:"sentences"`
	Words       int    `json:"words"`
	UniqueWords int    `json:"unique_words"`
	LongestWord string `json:"longest_word"`
	TopWords    []Word `json:"top_words"`
}

// Measure counts; topWords says how many of the most frequent words to list. Words are compared
// without case; those equally frequent are listed in alphabetical order.
func Measure(text string, topWords int) Stats {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' && r != '’'
	})
	counts := map[string]int{}
	longest := ""
	for _, word := range words {
		counts[word]++
		if utf8.RuneCountInString(word) > utf8.RuneCountInString(longest) {
			longest = word
		}
	}
	ranked := make([]Word, 0, len(counts))
	for word, count := range counts {
		ranked = append(ranked, Word{word, count})
	}
	slices.SortFunc(ranked, func(a, b Word) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Word, b.Word))
	})
	return Stats{
		Bytes:       len(text),
		Characters:  utf8.RuneCountInString(text),
		Lines:       countLines(text),
		Sentences:   countSentences(text),
		Words:       len(words),
		UniqueWords: len(counts),
		LongestWord: longest,
		TopWords:    ranked[:min(topWords, len(ranked))],
	}
}

// countLines counts a last line without a line end, too.
func countLines(text string) int {
	lines := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		lines++
	}
	return lines
}

// countSentences counts runs of closing punctuation that end a word.
func countSentences(text string) int {
	sentences := 0
	inWord := false
	for _, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			inWord = true
		case strings.ContainsRune(".!?…", r) && inWord:
			sentences++
			inWord = false
		}
	}
	return sentences
}
