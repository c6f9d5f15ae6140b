/* The workload that classes are compared with: the same source as a WASI command and as a program in
   an image. */
#include <stdio.h>

int main(void) {
  puts("hello, world");
  return 0;
}
