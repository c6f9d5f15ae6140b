package main

import (
	"reflect"
	"testing"
)

func TestEqualCountsAreListedAlphabetically(t *testing.T) {
	got := Measure("b a. B a! c", 2).TopWords
	want := []Word{{"a", 2}, {"b", 2}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAnEmptyTextHasNothing(t *testing.T) {
	got := Measure("", 10)
	if got.Lines != 0 || got.Words != 0 || got.Sentences != 0 || len(got.TopWords) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestALastLineWithoutLineEndCounts(t *testing.T) {
	if got := Measure("one\ntwo", 1).Lines; got != 2 {
		t.Errorf("got %d lines, want 2", got)
	}
}

func TestPunctuationRunsEndOneSentence(t *testing.T) {
	if got := Measure("Really?! Yes... no", 1).Sentences; got != 2 {
		t.Errorf("got %d sentences, want 2", got)
	}
}
