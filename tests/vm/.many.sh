i=0; while [ $i -lt 12000 ]; do sleep 1000 & i=$((i+1)); [ $((i % 3000)) = 0 ] && echo $i $(cat /proc/uptime) $(grep MemAvail /proc/meminfo); done
set -- /proc/[0-9]*; echo $#; grep -E 'MemTotal|MemAvail|PageTables|KernelStack|Slab:' /proc/meminfo
