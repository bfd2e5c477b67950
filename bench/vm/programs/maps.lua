local total = 0
for round = 1, 5 do
  local numbers = {}
  for i = 0, 199999 do numbers[i * 7919 % 1000003] = i end
  for i = 0, 399999 do
    local value = numbers[i]
    if value ~= nil then total = total + value end
  end
  local words = {}
  for i = 0, 99999 do words["key" .. tostring(i)] = i end
  for i = 0, 99999 do total = total + words["key" .. tostring(i)] end
end
print(total)
