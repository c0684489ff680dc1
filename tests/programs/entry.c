/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Tells what a program finds at its first instruction: writes the registers (all but the stack
 * pointer), the stack pointer, and the initial stack from there to the end of the auxiliary vector,
 * all as they are. Then waits for the end of its standard input, so that its memory can be read,
 * and exits with 0. Built without start-up code, for 64 and for 32 bits.
 */

static long call(long number, long a, long b, long c)
{
	long result;

#ifdef __x86_64__
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
#else
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory");
#endif
	return result;
}

#ifdef __x86_64__
#define READ	   0
#define WRITE	   1
#define EXIT_GROUP 231
#define REGISTERS  16
#else
#define READ	   3
#define WRITE	   4
#define EXIT_GROUP 252
#define REGISTERS  8
#endif

static void write_words(const long *words, const long *end)
{
	const char *at = (const char *)words;
	long left = (long)((const char *)end - at), n;

	while (left > 0 && (n = call(WRITE, 1, (long)at, left)) > 0) {
		at += n;
		left -= n;
	}
}

static const long *past_zero(const long *words)
{
	while (*words)
		words++;
	return words + 1;
}

/* The registers were pushed right below the initial stack. */
__attribute__((used, noreturn)) void start(const long *registers)
{
	const long *stack = registers + REGISTERS, *end = past_zero(past_zero(stack + 1));
	long sp = (long)stack;
	char byte;

	while (end[0])
		end += 2;
	write_words(registers, stack);
	write_words(&sp, &sp + 1);
	write_words(stack, end + 2);
	while (call(READ, 0, (long)&byte, 1) > 0)
		;
	for (;;)
		call(EXIT_GROUP, 0, 0, 0);
}

#ifdef __x86_64__
__asm__(".globl _start\n_start:\n\t"
	"pushf\n\t"
	"push %rax\n\tpush %rbx\n\tpush %rcx\n\tpush %rdx\n\tpush %rsi\n\tpush %rdi\n\tpush "
	"%rbp\n\t"
	"push %r8\n\tpush %r9\n\tpush %r10\n\tpush %r11\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\t"
	"push %r15\n\t"
	"mov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#else
__asm__(".globl _start\n_start:\n\t"
	"pushf\n\t"
	"push %eax\n\tpush %ebx\n\tpush %ecx\n\tpush %edx\n\tpush %esi\n\tpush %edi\n\tpush "
	"%ebp\n\t"
	"mov %esp, %eax\n\tand $-16, %esp\n\tsub $12, %esp\n\tpush %eax\n\tcall start\n");
#endif
