/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A program that lives as briefly as a program can: no libraries, no start-up code. Exits with 0,
 * or with what its first argument says. Built for 64 and for 32 bits.
 */

static __attribute__((noreturn)) void leave(int status)
{
#ifdef __x86_64__
	__asm__ volatile("syscall" : : "a"(231), "D"(status) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long number __asm__("x8") = 94, argument __asm__("x0") = status;

	__asm__ volatile("svc #0" : : "r"(number), "r"(argument) : "memory");
#elif defined(__arm__)
	register long number __asm__("r7") = 248, argument __asm__("r0") = status;

	__asm__ volatile("svc #0" : : "r"(number), "r"(argument) : "memory");
#else
	__asm__ volatile("int $0x80" : : "a"(252), "b"(status) : "memory");
#endif
	__builtin_unreachable();
}

__attribute__((used, noreturn)) void start(const long *stack)
{
	long argc = stack[0];
	const char *argument = argc > 1 ? (const char *)stack[2] : "0";
	int status = 0;

	while (*argument >= '0' && *argument <= '9')
		status = 10 * status + *argument++ - '0';
	leave(status);
}

#ifdef __x86_64__
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl start\n");
#elif defined(__arm__)
__asm__(".globl _start\n_start:\n\tmov r0, sp\n\tbl start\n");
#else
__asm__(".globl _start\n_start:\n\tmov %esp, %eax\n\tand $-16, %esp\n\tsub $12, %esp\n\tpush "
	"%eax\n\t"
	"call start\n");
#endif
