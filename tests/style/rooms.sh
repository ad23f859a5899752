#!/bin/sh
# The rooms of src/ use only rooms before them in the list of docs/architecture.md, sys only base,
# and the core has no system calls: its undefined symbols are all on a short list.
# Usage: rooms.sh SOURCE-ROOT CORE-LIBRARY
set -eu
root=$1
library=$2
status=0

# room: rooms it may include
allowed() {
    case $1 in
    base) echo base ;;
    wire) echo base wire ;;
    crypto) echo base wire crypto ;;
    bond) echo base wire crypto bond ;;
    session) echo base wire crypto bond session ;;
    sys) echo base sys ;;
    daemon) echo base wire crypto bond session sys daemon ;;
    cli) echo base wire crypto bond session sys daemon cli ;;
    esac
}

for room in base wire crypto bond session sys daemon cli; do
    for file in "$root"/src/"$room"/*.[ch]; do
        for used in $(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$file" | sort -u); do
            case " $(allowed $room) " in
            *" $used "*) ;;
            *)
                echo "$file: the room $room may not use $used"
                status=1
                ;;
            esac
        done
    done
done

symbols=$(nm -u "$library" | sed -n 's/^ *U //p' | sed 's/@.*//' | sort -u)
defined=$(nm --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort -u)
for symbol in $symbols; do
    case $symbol in
    # memory and strings
    mem*|str*|__mem*_chk|__str*_chk|calloc|malloc|free|realloc|aligned_alloc|bcmp|qsort) ;;
    snprintf|__snprintf_chk|vsnprintf|__vsnprintf_chk|sscanf|__isoc99_sscanf|__isoc23_*) ;;
    inet_ntop|inet_pton|getauxval|__cpu_*|abort|exit|__assert_fail|__stack_chk_fail|__errno_location) ;;
    # the packet pool reserves its memory, the log writes a line
    mmap|munmap|mmap64|write) ;;
    # mathematics
    sqrt|cbrt|exp|pow|log|floor|ceil|fmin|fmax|fabs|round|lround|llround) ;;
    # the crypto library, and the tools of compilers
    EVP_*|OPENSSL_*|OSSL_*|CRYPTO_*|RAND_*|ERR_*|BIO_*|alloc_mb_mgr|free_mb_mgr|init_mb_mgr_*|imb_*) ;;
    __asan_*|__ubsan_*|__sanitizer_*|__gcov_*|_GLOBAL_OFFSET_TABLE_|__tls_get_addr|__udivti3|__aeabi_*) ;;
    *)
        if ! printf '%s\n' "$defined" | grep -qx -- "$symbol"; then
            echo "the core uses $symbol, which is not on the list"
            status=1
        fi
        ;;
    esac
done
exit $status
