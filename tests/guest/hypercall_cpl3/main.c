/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls from CPL 3 are refused with -EPERM and have no effect; those
 * from 32-bit code are refused or translated, but never misread.
 * Guards against: user programs that reach the hypervisor past their kernel.
 */
#include "test.h"

extern const uint8_t user_vmmcall[], user_vmcall[], user_end[];
uint32_t compat_call(uint32_t number, uint32_t ebx, uint32_t ecx);

/*
 * The user code copies its registers from the block that rdi points to. The
 * compatibility-mode call runs below 4 GiB with interrupts off.
 */
__asm__(".pushsection .text\n"
	"user_vmmcall:\n\t"
	"movq (%rdi), %rax; movq 16(%rdi), %rsi; movq 8(%rdi), %rdi\n\t"
	"vmmcall; int $0x80\n"
	"user_vmcall:\n\t"
	"movq (%rdi), %rax; movq 16(%rdi), %rsi; movq 8(%rdi), %rdi\n\t"
	"vmcall; int $0x80\n"
	"user_end:\n"
	"compat_call:\n\t"
	"pushq %rbx; pushfq; cli\n\t"
	"movl %edi, %eax; movl %esi, %ebx; movl %edx, %ecx\n\t"
	"xorl %edx, %edx\n\t"
	"testb $1, hypercall_is_vmmcall; setz %dl\n\t"
	"ljmp *1f\n"
	"1:\t.long 2f, 0x08\n\t"
	".code32\n"
	"2:\ttestl %edx, %edx; jnz 3f\n\t"
	"vmmcall; jmp 4f\n"
	"3:\tvmcall\n"
	"4:\tljmpl $0x10, $5f\n\t"
	".code64\n"
	"5:\tpopfq; popq %rbx; ret\n"
	".popsection");

struct block {
	uint64_t number, a1, a2;
};

static uint8_t *user_page;

static struct user_result user_call(uint64_t number, uint64_t a1, void *a2)
{
	struct block *b = (struct block *)(user_page + 2048);
	size_t at = hypercall_is_vmmcall ? 0 :
		    (size_t)(user_vmcall - user_vmmcall);

	*b = (struct block){ number, a1, (uint64_t)a2 };
	return user_run(user_page + at, user_page + PAGE_SIZE, (uint64_t)b);
}

static void check_refused(uint64_t number, uint64_t a1, void *a2)
{
	struct user_result r = user_call(number, a1, a2);

	CHECK_EQ(r.vector, VECTOR_USER, "hypercall %lu", number);
	CHECK_EQ(r.rax, -XEN_EPERM, "hypercall %lu", number);
}

int main(void)
{
	struct sched_shutdown *end;
	struct evtchn_close *close;
	long port = event_offer(DOMID_SELF), ret;

	user_page = page_alloc();
	memcpy(user_page, user_vmmcall, (size_t)(user_end - user_vmmcall));
	page_map((uint64_t)user_page, (uint64_t)user_page,
		 PAGE_RW | PAGE_USER);
	end = (void *)(user_page + 3000);
	end->reason = SHUTDOWN_crash;
	check_refused(__HYPERVISOR_sched_op, SCHEDOP_shutdown, end);
	close = (void *)(user_page + 3000);
	close->port = (evtchn_port_t)port;
	check_refused(__HYPERVISOR_event_channel_op, EVTCHNOP_close, close);
	CHECK_EQ(event_status(DOMID_SELF, (evtchn_port_t)port, NULL),
		 EVTCHNSTAT_unbound);
	for (uint64_t n = 0; n <= 64; n++) {
		struct user_result r = user_call(n, 0, NULL);

		CHECK_EQ(r.vector, VECTOR_USER, "hypercall %lu", n);
		CHECK((long)r.rax < 0, "hypercall %lu: %ld", n, (long)r.rax);
	}
	/* XENVER_version: a version (4.17) when 32-bit callers are served. */
	ret = (int)compat_call(__HYPERVISOR_xen_version, XENVER_version, 0);
	CHECK(ret == -XEN_ENOSYS || ret == -XEN_EPERM || ret >> 16 == 4,
	      "32-bit call: %ld", ret);
	test_end();
}
