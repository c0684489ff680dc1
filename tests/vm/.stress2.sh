cd /sys/kernel/tracing
(while :; do :; done) & 
(while :; do /bin/true; done) &
i=0; while [ $i -lt 40 ]; do echo 1 > events/sched/enable; echo 0 > events/sched/enable; i=$((i+1)); done
cat /proc/uptime; cat /proc/interrupts | grep -E "LOC|CAL|RES|TLB"
